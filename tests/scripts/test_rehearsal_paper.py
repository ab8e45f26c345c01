"""The rehearsal's document is one that the server takes."""

from scripts.rehearsal.paper import paper
from server.records.inspection import inspected


def test_it_is_a_whole_document_of_one_page() -> None:
    assert inspected(paper("Rehearsal, zh")) == 1
