"""The leaderboard: result files in, board out. A light package that never imports torch.

Data flows one way: :mod:`load` reads JSON files into results, :mod:`board` turns results into a
board (a pure step), and each module of :mod:`render` writes a board down.
"""
