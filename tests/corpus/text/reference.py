"""Plain-Python twins of the segmentation: slow, written from the definitions, for tests to hold the kernels against."""

import unicodedata

TERMINAL = None


def category(char: str) -> str:
    return unicodedata.category(char)


def is_mark(char: str) -> bool:
    return category(char)[0] == "P" or (category(char)[0] in "SC" and not char.isspace())


def is_punct(char: str) -> bool:
    return category(char)[0] == "P"


def is_alpha(char: str) -> bool:
    return category(char)[0] == "L"


def is_lower(char: str) -> bool:
    return category(char) == "Ll"


def is_upper(char: str) -> bool:
    return category(char) in ("Lu", "Lt")


def is_digit(char: str) -> bool:
    return category(char) == "Nd"


def is_terminal(char: str) -> bool:
    import regex

    return regex.match(r"\p{Sentence_Terminal}", char) is not None


ABBREVIATIONS = set(
    "Mr. Mrs. Ms. Dr. Prof. St. Mt. Rev. Gen. Gov. Sen. Rep. Jr. Sr. Co. Corp. Inc. Ltd. vs. v.s. e.g. i.e. "
    "E.g. I.e. E.G. I.E. a.m. p.m. A.M. P.M. Adm. Bros. Messrs. Jan. Feb. Mar. Apr. Jun. Jul. Aug. Sep. Sept. "
    "Oct. Nov. Dec. Ph.D. D.C. Ala. Ariz. Ark. Calif. Colo. Conn. Del. Fla. Ga. Ill. Ind. Kan. Ky. La. Mass. "
    "Mich. Minn. Miss. Mo. Mont. Neb. Nev. Okla. Ore. Pa. Tenn. Va. Wash. Wis.".split()
)
NOT_PEELED = set("/-@\\^|+~")


def words(text: str) -> list[str]:
    """Runs without white space, cut as corpus.text.segment defines."""
    return [word for run in _runs(text) for piece in _unspaced(run) for word in piece]


def _runs(text: str) -> list[str]:
    runs, run = [], ""
    for char in text:
        if char.isspace():
            runs.append(run)
            run = ""
        else:
            run += char
    return [run for run in [*runs, run] if run]


BLOCKS = (
    "Thai|Lao|Myanmar|Khmer|CJK_Radicals_Supplement|Kangxi_Radicals|Ideographic_Description_Characters|"
    "CJK_Symbols_And_Punctuation|Hiragana|Katakana|Katakana_Phonetic_Extensions|CJK_Unified_Ideographs_Extension_A|"
    "Yijing_Hexagram_Symbols|CJK_Unified_Ideographs|CJK_Compatibility_Ideographs"
)  # of scripts without blanks, in Unicode's names


def is_unspaced(char: str) -> bool:
    import regex

    blocks = "".join(rf"\p{{Block={name}}}" for name in BLOCKS.split("|"))
    return 0x20000 <= ord(char) < 0x40000 or 0x2FE0 <= ord(char) < 0x2FF0 or bool(regex.match(f"[{blocks}]", char))


def _unspaced(run: str) -> list[list[str]]:
    """Letters of scripts without blanks, with the marks on them, one by one; what stands between them cut as usual."""
    import unicodedata

    pieces: list[list[str]] = []
    alone = False  # whether the last piece is such a letter
    for char in run:
        if not is_unspaced(char):
            if alone or not pieces:
                pieces.append([char])
            else:
                pieces[-1].append(char)
            alone = False
        elif alone and unicodedata.category(char)[0] not in "LPSCZ" and unicodedata.category(char) != "Nd":
            pieces[-1].append(char)
        else:
            pieces.append([char])
            alone = True
    return [["".join(piece)] if is_unspaced(piece[0]) else _split("".join(piece)) for piece in pieces]


def _split(run: str) -> list[str]:
    front: list[str] = []
    back: list[str] = []
    while run:
        n = _front(run)
        if n:
            front.append(run[:n])
            run = run[n:]
            continue
        n = _back(run)
        if not n:
            break
        back.append(run[-n:])
        run = run[:-n]
    middle = [] if not run else [run] if _is_address(run) else _cut(run)
    return front + middle + back[::-1]


def _peels(char: str) -> bool:
    return is_mark(char) and char not in NOT_PEELED


def _front(run: str) -> int:
    if not _peels(run[0]):
        return 0
    if run[0] == ".":
        dots = len(run) - len(run.lstrip("."))
        return dots if dots > 1 or len(run) == 1 else 0
    return 1


def _back(run: str) -> int:
    if not _peels(run[-1]):
        return 0
    if run[-1] != ".":
        return 1
    dots = len(run) - len(run.rstrip("."))
    if dots > 1 or len(run) == 1:
        return dots
    before = run[-2]
    if is_upper(before) and not (len(run) > 2 and is_upper(run[-3])):
        return 0
    if not (is_alpha(before) or is_digit(before) or is_punct(before)):
        return 0
    if is_lower(before) and len(run) <= 9 and (run in ABBREVIATIONS or len(run) == 2 or run[-3] == "."):
        return 0
    return 1


def _is_address(run: str) -> bool:
    if len(run) > 4 and run.startswith("www."):
        return True
    if run.find("://", 1) >= 1:
        return True
    at = run.find("@", 1)
    return at >= 1 and "." in run[at + 1 : -1]


def _contraction(run: str) -> int:
    """Where a contraction starts, or the length."""
    n = len(run)
    low = run.lower() if run.isascii() else "".join(c.lower() if c.isascii() else c for c in run)
    for quote in ("'", "’"):
        if n > 3 and low.endswith(f"n{quote}t"):
            return n - 3
        if n >= 3 and low.endswith((f"{quote}s", f"{quote}m", f"{quote}d")):
            return n - 2
        if n > 3 and low.endswith((f"{quote}ll", f"{quote}re", f"{quote}ve")):
            return n - 3
    return n


def _cut(run: str) -> list[str]:
    tail = _contraction(run)
    pieces, start, i = [], 0, 1
    while i < tail:
        n = _infix(run[:tail], i) if is_mark(run[i]) else 0
        if n:
            pieces += [run[start:i], run[i : i + n]]
            i += n
            start = i
        else:
            i += 1
    pieces += [run[start:tail], run[tail:]]
    return [piece for piece in pieces if piece]


def _infix(run: str, i: int) -> int:
    char, before = run[i], run[i - 1]
    if run[i : i + 2] == "..":
        return len(run[i:]) - len(run[i:].lstrip("."))
    if char == "…" or (ord(char) >= 0x2000 and not is_punct(char)):
        return 1
    if i + 1 >= len(run):
        return 0
    after = run[i + 1]
    if char in "-–—~":
        n = 1
        while i + n < len(run) and run[i + n] in "-—":
            n += 1
        if i + n < len(run) and is_alpha(before) and is_alpha(run[i + n]):
            return n
        return int(char == "-" and is_digit(before) and is_digit(after))
    if char == ".":
        return int(is_lower(before) and is_upper(after))
    if char == ",":
        return int(is_alpha(before) and is_alpha(after))
    if char in ":<=>/":
        return int((is_alpha(before) or is_digit(before)) and is_alpha(after))
    if char in "+*^":
        return int(is_digit(before) and is_digit(after))
    return 0


def sentences(tokens: list[str]) -> int:
    """Sentences in a list of words, as spaCy's sentencizer cuts them."""
    count, ended = min(len(tokens), 1), False
    for token in tokens:
        if len(token) == 1 and is_terminal(token):
            ended = True
        elif ended and not all(map(is_punct, token)):
            count, ended = count + 1, False
    return count
