"""The 25 kinds of instructions by IFEval's names, each with the function that checks it and the arguments it takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from eval_suites.instructions import arguments as read
from eval_suites.instructions import (
    cases,
    combination,
    content,
    ends,
    formats,
    keywords,
    language,
    lengths,
    punctuation,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of instruction."""

    is_followed: Callable[..., bool]  # of a response and the arguments, by name
    arguments: Mapping[str, read.Reader] = field(default_factory=dict)


KINDS: Mapping[str, Kind] = {
    "keywords:existence": Kind(keywords.has_all, {"keywords": read.texts}),
    "keywords:frequency": Kind(
        keywords.has_often, {"keyword": read.text, "frequency": read.number, "relation": read.relation}
    ),
    "keywords:forbidden_words": Kind(keywords.has_none, {"forbidden_words": read.texts}),
    "keywords:letter_frequency": Kind(
        keywords.has_letters, {"letter": read.character, "let_frequency": read.number, "let_relation": read.relation}
    ),
    "language:response_language": Kind(language.is_in, {"language": read.language}),
    "length_constraints:number_sentences": Kind(
        lengths.has_sentences, {"num_sentences": read.number, "relation": read.relation}
    ),
    "length_constraints:number_paragraphs": Kind(lengths.has_paragraphs, {"num_paragraphs": read.number}),
    "length_constraints:number_words": Kind(lengths.has_words, {"num_words": read.number, "relation": read.relation}),
    "length_constraints:nth_paragraph_first_word": Kind(
        lengths.opens_paragraph,
        {"num_paragraphs": read.place, "nth_paragraph": read.place, "first_word": read.text},
    ),
    "detectable_content:number_placeholders": Kind(content.has_placeholders, {"num_placeholders": read.number}),
    "detectable_content:postscript": Kind(content.has_postscript, {"postscript_marker": read.text}),
    "detectable_format:number_bullet_lists": Kind(formats.has_bullets, {"num_bullets": read.number}),
    "detectable_format:constrained_response": Kind(formats.is_one_of_the_answers),
    "detectable_format:number_highlighted_sections": Kind(formats.has_highlights, {"num_highlights": read.number}),
    "detectable_format:multiple_sections": Kind(
        formats.has_sections, {"section_spliter": read.text, "num_sections": read.number}
    ),
    "detectable_format:json_format": Kind(formats.is_json),
    "detectable_format:title": Kind(formats.has_title),
    "combination:two_responses": Kind(combination.are_two),
    "combination:repeat_prompt": Kind(combination.repeats, {"prompt_to_repeat": read.text}),
    "startend:end_checker": Kind(ends.ends_with, {"end_phrase": read.text}),
    "startend:quotation": Kind(ends.is_quoted),
    "change_case:capital_word_frequency": Kind(
        cases.has_capital_words, {"capital_frequency": read.number, "capital_relation": read.relation}
    ),
    "change_case:english_capital": Kind(cases.is_english_in_capitals),
    "change_case:english_lowercase": Kind(cases.is_english_in_small_letters),
    "punctuation:no_comma": Kind(punctuation.has_no_comma),
}
