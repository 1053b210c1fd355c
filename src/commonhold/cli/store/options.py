"""Options that the verbs of ``commonhold store`` share."""

from __future__ import annotations

import click

at_option = click.option(
    "--at",
    default=".",
    envvar="COMMONHOLD_HOUSE",
    show_envvar=True,
    metavar="PLACE",
    help="The folder of the house, or a bucket: s3://BUCKET/PREFIX?endpoint=ADDRESS, with its keys in the environment (AWS_...).",
)
"""``--at PLACE``; the verb gets ``at: str``."""
