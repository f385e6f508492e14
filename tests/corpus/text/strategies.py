"""Texts for property tests: ordinary prose, marks where tokenizers trip, every plane of Unicode."""

from hypothesis import strategies as st

_TRICKY = st.sampled_from(
    [
        "don't", "it's", "we'll", "U.S.", "e.g.", "state-of-the-art", "...", "…", "(", ")", '"', "http://a.b/c?d=e",
        "www.x.org", "a@b.co", "3.5", "1,000", "5%", "$5", "foo.Bar", "x=y", "a/b", "--", "—", "•", "-", "#", "{", "}",
        "\n", "\n\n", "\n\n\n", " ", "\t", "\r", "\x0b", "\x85", "\u2028", "\u200b", "\ufeff", "lorem ipsum",
        "JavaScript", "terms of use", "cookie policy", "uses cookies", "[12]", "[edit]", "[citation needed]", "the", "of", "and",
        ".", "?", "!", "'", "。", "中文", "ข้อความ", "ひらがなー", "漢)a", "٪漢", "နံပါတ်", "नमस्ते", "🙂", "\U0010ffff", "é", "İ", "ß", "Σ", "ǅ", "٣", "²",
        "_", "@", "//", "/*", "%",
    ]
)  # fmt: skip
_WORDS = st.sampled_from(["word", "Word", "alpha", "beta", "gamma", "a", "I", "very", "long", "x" * 40])
texts = st.one_of(
    st.lists(st.one_of(_TRICKY, _WORDS, st.just(" ")), max_size=60).map("".join),
    st.lists(st.one_of(_WORDS, _TRICKY), max_size=80).map(" ".join),
    st.text(max_size=80),
)
