"""Tasks in lm-eval's format over local files, of every kind of output."""

import json
from pathlib import Path

_WORDS = ("here", "there", "on", "it", "went")


def write(folder: Path, n: int = 12) -> Path:
    """Writes a folder of tasks: choices with examples, a text, generation with a filter, and a group of two."""
    folder.mkdir()
    rows = [
        {
            "passage": f"p{i // 3}",
            "q": f"question {i} is",
            "choices": [*_WORDS[:3]],
            "gold": i % 3,
            "answer": str(i % 5),
        }
        for i in range(n)
    ]
    for name, some in (("test", rows), ("dev", rows[:4])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in some))
    data = (
        f"dataset_path: json\ndataset_kwargs:\n  data_files: {{test: {folder}/test.jsonl, dev: {folder}/dev.jsonl}}\n"
    )
    common = f"{data}test_split: test\nfewshot_split: dev\nfewshot_config: {{sampler: first_n}}\n"
    choices = f"{common}output_type: multiple_choice\ndoc_to_text: q\ndoc_to_choice: choices\ndoc_to_target: gold\n"
    metrics = "metric_list: [{metric: acc}, {metric: acc_norm}]\nmetadata: {version: 2}\n"
    (folder / "choices.yaml").write_text(f"task: t_choices\n{choices}num_fewshot: 2\n{metrics}")
    for name in ("one", "two"):
        (folder / f"{name}.yaml").write_text(f"task: t_{name}\n{choices}{metrics}")
    (folder / "mcc.yaml").write_text(
        f"task: t_mcc\n{choices}metric_list: [{{metric: mcc}}]\nmetadata: {{version: 1}}\n"
    )
    (folder / "group.yaml").write_text("group: t_group\ntask: [t_one, t_two]\n")
    (folder / "text.yaml").write_text(
        f"task: t_text\n{common}output_type: loglikelihood_rolling\ndoc_to_text: ''\ndoc_to_target: q\n"
        "metric_list: [{metric: bits_per_byte}, {metric: word_perplexity}]\nmetadata: {version: 1}\n"
    )
    (folder / "written.yaml").write_text(
        f"task: t_written\n{common}output_type: generate_until\ndoc_to_text: q\ndoc_to_target: answer\nnum_fewshot: 0\n"
        "generation_kwargs: {until: ['\\n'], max_gen_toks: 8}\n"
        "filter_list:\n  - name: number\n    filter: [{function: regex, regex_pattern: '([0-9]+)'}, {function: take_first}]\n"
        "metric_list: [{metric: exact_match}]\nmetadata: {version: 1}\n"
    )
    (folder / "lost.yaml").write_text(f"task: t_lost\n{choices.replace('test.jsonl', 'nowhere.jsonl')}{metrics}")
    return folder


ALL = ("t_choices", "t_group", "t_text", "t_written", "t_mcc")
