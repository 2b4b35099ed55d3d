"""Lets `python -m segwright` do what `segwright` does."""

from segwright.cli import main

if __name__ == "__main__":
    main()
