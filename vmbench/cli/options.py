"""Options that several commands take, each in the same words."""

import typer

DOMAIN = typer.Option(..., help="image, audio, sensor, tabular, medical or a plugin's.")
METHOD = typer.Option("viewmaker", help="Where the views come from (list methods).")
OBJECTIVE = typer.Option("simclr", help="What the encoder minimises (list objectives).")
EVALUATIONS = typer.Option(
    ["linear"], "--eval", help="How the features are judged; repeatable (list evaluations)."
)
VIEWS = typer.Option(
    None, metavar="METHOD", help="For supervised: the view family that augments it."
)
PRESET = typer.Option("small", help="smoke (seconds), small (minutes) or paper (a GPU).")
SEED = typer.Option(0, help="Of weights, batches and views.")
EPOCHS = typer.Option(None, help="Override the preset's epochs.")
EPSILON = typer.Option(None, help="Override the viewmaker's budget.")
PRETRAIN = typer.Option(
    None, metavar="DATASET", help="Pretrain on this dataset instead of the domain's default."
)
TRANSFER = typer.Option(
    [], metavar="DATASET[/TASK]", help="Evaluate on this; repeatable. Default: all embedded."
)
DATA_DIR = typer.Option(None, help="Folder of the publisher's files or yours.")
TARGET = typer.Option(None, help="The label's column in your own table.")
DEVICE = typer.Option("auto", help="auto, cpu, cuda, cuda:1, mps.")
PRECISION = typer.Option("auto", help="auto, float32 or bfloat16.")
SET = typer.Option(
    [],
    "--set",
    metavar="KEY=VALUE",
    help="Override a setting, as lr=0.001 or byol.momentum=0.99; repeatable (info config).",
)
CONFIG = typer.Option(None, help="Settings from a .toml or .json file.")
TRACKER = typer.Option(
    [], metavar="NAME", help="Follow live in tensorboard or trackio; repeatable."
)
QUIET = typer.Option(False, "--quiet", help="No progress on stderr.")
