"""Laws of the texts that a partner keeps: the organisation's rules can be read there when its server is gone."""

from __future__ import annotations

from pathlib import Path

from tests.attacks import Mutation, attack
from tests.kernel.attacks.saltmarsh import compiled, house
from tests.mirror.readers import reading
from tests.mirror.records import Published


@attack(
    "partner-charter",
    Mutation(
        "src/commonhold/mirror/texts.py",
        find="        wanted |= dict.fromkeys(charter_texts(state), _is_article)\n",
        replace="        pass\n",
    ),
)
def test_a_partner_keeps_the_words_of_the_charter(tmp_path: Path) -> None:
    """Title and articles come from the partner after the server is gone, byte for byte; one that was no text is not kept."""
    record, texts = Published(house()), dict(compiled().texts)
    spoilt = next(iter(texts))
    for digest, raw in texts.items():
        record.files.write(f"objects/{digest[:2]}/{digest[2:]}", b"a picture" if digest == spoilt else raw)
    with reading(tmp_path, record) as reader:
        for _ in range(1 + len(texts) // 8):
            reader.look()
        record.away = 0
        answers = {digest: reader.client.get(f"/mirror/{record.hash}/objects/{digest[:2]}/{digest[2:]}") for digest in texts}
    assert answers.pop(spoilt).status_code == 404
    assert {digest: answer.content for digest, answer in answers.items()} == {
        digest: raw for digest, raw in texts.items() if digest != spoilt
    }
