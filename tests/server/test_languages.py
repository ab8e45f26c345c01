import pytest

from server.languages import chosen


@pytest.mark.parametrize(
    ("asked", "accepted", "lang"),
    [
        ("de", "fr", "de"),
        ("zh_Hans", "", "zh-Hans"),
        (None, "zh-CN,zh;q=0.9", "zh-Hans"),
        (None, "es, fr;q=0.3, de;q=0.8", "de"),
        (None, "de;q=0, fr", "fr"),
        ("xx", "de;q=oops, *", "en"),
        (None, "", "en"),
        ("../../etc", "\x00;;;,,,q=", "en"),
    ],
)
def test_the_address_decides_then_the_browser_then_english(asked: str | None, accepted: str, lang: str) -> None:
    assert chosen(asked, accepted) == lang
