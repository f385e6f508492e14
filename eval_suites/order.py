"""In which order the entries of a table came into being: its rows do not say, its commits do."""

from corpus.lake import Lake


def oldest_first(lake: Lake, table: str, fact: str) -> list[str]:
    """Returns the ids that the commits of a table have under `fact`, each once, the oldest first."""
    if not lake.exists(table):
        return []
    commits = reversed(list(lake.history(table)))
    facts = (commit.lineage.facts for commit in commits if commit.lineage is not None)
    return list(dict.fromkeys(str(each[fact]) for each in facts if fact in each))
