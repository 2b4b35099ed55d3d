"""Methods that gather pixels which are alike: centres, mixtures, modes, trees and densities."""
