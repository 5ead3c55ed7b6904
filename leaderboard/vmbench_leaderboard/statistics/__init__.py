"""The figures of a board. Pure functions of arrays; every random draw has a fixed seed."""
