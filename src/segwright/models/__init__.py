"""Networks: parts, whole models and the one table that names them."""
