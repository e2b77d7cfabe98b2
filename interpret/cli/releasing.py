"""`interpret next`: where to release the next motion, so that it tells a law from its rivals."""

from __future__ import annotations

from typing import Annotated

import typer

from interpret.cli import arguments as options
from interpret.cli.conserving import kept


def next_release(
    run: options.RunName,
    beyond: Annotated[
        float,
        typer.Option(
            min=0.0, help="How far beyond the data it may start, as a part of each range."
        ),
    ] = 0.0,
    json: options.JsonAlone = False,
) -> None:
    """Print where to release the next motion, so that it tells an ambiguous law from its rivals."""
    from interpret.keep.folder import find, to_json
    from interpret.laws.rivals import listed
    from interpret.laws.tables import aligned
    from interpret.planning.releases import next_release as best
    from systems.errors import InputError
    from systems.samples.trajectories import Trajectories

    path = find(run)
    loaded, samples = kept(path)
    law, rivals = loaded.law, loaded.law.judgement.rivals
    if law.verdict != "ambiguous" or not rivals:
        raise InputError(
            f"{path} is {law.verdict}, and no rival of it is known to be told from it by a motion."
        )
    if not isinstance(samples, Trajectories):
        raise InputError(f"{path} was not fitted to motions, so that there is none to release.")
    found = best(law, samples, beyond)
    if json:
        print(to_json({"next": None if found is None else found.to_json()}))
        return
    power = {} if found is None else found.apart
    rows = [
        (each.words, each.odds, f"{power[each.words]:.2f}" if each.words in power else "")
        for each in rivals
    ]
    header = ("law or rival", "odds", "told apart with power")
    print("\n".join(aligned([header, (listed(law.terms), "", ""), *rows])))
    print(found or "no start in this range is known to tell them apart; try --beyond 0.5.")
