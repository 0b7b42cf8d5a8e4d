"""``emseg-bench plugins``: what can be done with plugins, a file for each verb."""

from __future__ import annotations

import typer

from .light import LightCommand, LightGroup
from .plugin_checking import EXAMPLES as CHECK_EXAMPLES
from .plugin_checking import check
from .plugin_listing import EXAMPLES as LIST_EXAMPLES
from .plugin_listing import list_
from .plugin_starting import EXAMPLES as NEW_EXAMPLES
from .plugin_starting import new

app = typer.Typer(
    cls=LightGroup, help="List, check and start plugins.", no_args_is_help=True, rich_markup_mode=None
)
app.command("list", cls=LightCommand, epilog=LIST_EXAMPLES)(list_)
app.command("check", cls=LightCommand, epilog=CHECK_EXAMPLES)(check)
app.command("new", cls=LightCommand, epilog=NEW_EXAMPLES)(new)
