from tests.server.conftest import Node


async def test_health_says_what_works(node: Node) -> None:
    async with node.guest().http.get(f"{node.origin}/healthz") as answer:
        assert answer.status == 200
        assert await answer.json() == {"web": "ok", "relay": "lost", "journal": "ok", "vault": "ok"}


async def test_the_organiser_reads_the_health(node: Node) -> None:
    organiser = await node.guest().open(await node.link("organiser"))
    director = await node.guest().open(await node.link("director"))
    assert organiser.view["health"]["relay"] == {"state": "lost"}
    assert organiser.view["health"]["web"]["pid"] > 0
    assert "health" not in director.view


async def test_lines_are_for_the_organiser_and_for_operators_of_their_venue(node: Node) -> None:
    for role in ("organiser", "operator"):
        desk = await node.guest().open(await node.link(role))
        assert desk.view["lines"] == {"publications": {}, "subscriptions": {}, "more": 0}
    director = await node.guest().open(await node.link("director"))
    assert "lines" not in director.view


async def test_figures_are_there_for_prometheus(node: Node) -> None:
    await node.guest().open(await node.link("attendee"))
    async with node.guest().http.get(f"{node.origin}/metrics") as answer:
        figures = await answer.text()
    assert "twinhall_sockets 1.0" in figures
    assert 'twinhall_entered_total{answer="done"} 1.0' in figures
    assert "twinhall_journal_entries_total 1.0" in figures
    assert "twinhall_relay_up 0.0" in figures
