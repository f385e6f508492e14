"""What a person asks of decontamination."""

from decontam.policies import policies
from decontam.steps import STAGE


def reasons() -> dict[str, str]:
    """What each reason means: one reason per policy."""
    return {f"{STAGE}.{name}": module.DOC for name, module in policies().items()}
