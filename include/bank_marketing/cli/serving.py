"""Commands of the service: start it, and its API keys."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

import typer
from rich.table import Table

from bank_marketing.cli.shared import app, command, console, failing_well

keys_app = typer.Typer(help="API keys of the service: hashed, several, revocable.", no_args_is_help=True)
app.add_typer(keys_app, name="api-key")


@command
def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default="BANK_API_HOST, else 127.0.0.1")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", show_default="BANK_API_PORT, else 8000")] = None,
) -> None:
    """Start the API and the analyst's pages. The first start makes an API key and shows it once."""
    from bank_marketing.serving import access_log
    from bank_marketing.serving.app import create_app
    from bank_marketing.serving.server import Server, server_config
    from bank_marketing.serving.settings import ApiSettings
    from bank_marketing.settings import Settings

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    api = ApiSettings(**given)  # type: ignore[arg-type]  # the same two fields that the options check
    api.check_exposure()
    settings = Settings()
    keys = _key_ring()
    if api.auth == "on" and not keys.all():
        key, secret = keys.create("first")
        console.print(
            f"Your API key, shown this once (id {key.key_id}):\n\n    [bold]{secret}[/]\n", highlight=False, soft_wrap=True
        )
    address = f"http://{'localhost' if api.host in ('127.0.0.1', '0.0.0.0') else api.host}:{api.port}"  # noqa: S104  compared, not bound
    console.print(f"Pages: {address}   API: {address}/docs   Ctrl-C ends it", highlight=False)
    access_log.configure(api.log_format)
    server = Server(server_config(create_app(settings, api), api))
    with suppress(KeyboardInterrupt):  # Ctrl-C has ended it in order
        server.run()
    if not server.started:  # uvicorn has said why: the port is taken, or the app did not start
        raise typer.Exit(3)


@keys_app.command()
@failing_well
def create(name: Annotated[str, typer.Argument(help="Who will use it; stands in every record of a prediction.")]) -> None:
    """Make a key. It is shown once and kept only as a hash."""
    key, secret = _key_ring().create(name)
    console.print(f"key {key.key_id} for {name}, shown this once:\n\n    [bold]{secret}[/]\n", highlight=False, soft_wrap=True)


@keys_app.command(name="list")
@failing_well
def list_keys() -> None:
    """List the keys."""
    table = Table("id", "name", "made", "revoked")
    for key in _key_ring().all():
        table.add_row(
            key.key_id,
            key.name,
            f"{key.created_at:%Y-%m-%d %H:%M}",
            f"{key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "",
        )
    console.print(table)


@keys_app.command()
@failing_well
def revoke(key_id: Annotated[str, typer.Argument(help="Its id, from the list.")]) -> None:
    """End a key, and the sessions that were started with it, at once."""
    key = _key_ring().revoke(key_id)
    console.print(f"key {key.key_id} of {key.name} is revoked", highlight=False)


def _key_ring() -> Any:
    from bank_marketing.serving.keys import KeyRing
    from bank_marketing.serving.settings import ApiSettings
    from bank_marketing.settings import Settings

    api = ApiSettings()
    return KeyRing(api.keys_path(Settings()), api.key_hashes)
