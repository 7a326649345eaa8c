"""Parts of training scripts, honest and faulty, for the audit of notebook 11."""

from types import SimpleNamespace


def scripts(C: int) -> list:
    """Return (what, parts, faults) for C classes; each script differs from an honest one once."""
    honest = {"draw_labels": _labels(C)["any whole numbers"], "loss": _losses()["honest"],
              "accuracy": _accuracies()["honest"]}  # fmt: skip

    def made(**changed):
        return SimpleNamespace(**{**honest, **changed})

    rows = [("an honest script", made(), set())]
    for part, variants in (("draw_labels", _labels(C)), ("loss", _losses()),
                           ("accuracy", _accuracies())):  # fmt: skip
        name = "labels" if part == "draw_labels" else part
        for what, function in variants.items():
            fine = what.startswith(("honest", "any"))
            rows.append((f"{name}: {what}", made(**{part: function}), set() if fine else {name}))
    bad = made(draw_labels=_labels(C)["from a normal distribution"],
               loss=_losses()["a sigmoid before cross_entropy"],
               accuracy=_accuracies()["a constant"])  # fmt: skip
    return [*rows, ("all three parts faulty", bad, {"labels", "loss", "accuracy"})]


def _labels(C: int) -> dict:
    import torch

    def drawn(low, high):
        generator = torch.Generator().manual_seed(3)
        return lambda n: torch.randint(low, high, (n,), generator=generator)

    return {
        "any whole numbers": drawn(0, C),
        "any in a fixed order": lambda n: torch.arange(n) % C,
        "from a normal distribution": lambda n: torch.randn(n, C),
        "one normal number each": lambda n: torch.randn(n),
        "whole numbers stored as floats": lambda n: (torch.arange(n) % C).float(),
        "from 1 to C": lambda n: torch.arange(n) % C + 1,
        "from 0 to C": drawn(0, C + 1),
        "some are -1": lambda n: torch.arange(n) % C - 1,
        "one-hot rows": lambda n: torch.nn.functional.one_hot(torch.arange(n) % C, C),
        "whole numbers of 32 bits": lambda n: (torch.arange(n) % C).int(),
        "a column of shape (n, 1)": lambda n: (torch.arange(n) % C)[:, None],
        "any, here always class 0": lambda n: torch.zeros(n, dtype=torch.int64),
        "one label too few": lambda n: torch.arange(n - 1) % C,
    }


def _losses() -> dict:
    import torch
    from torch.nn import functional

    def entropy(raw, labels):
        return functional.cross_entropy(raw, labels)

    def by_hand(raw, labels):
        return (raw.logsumexp(1) - raw[torch.arange(len(raw)), labels]).mean().item()

    return {
        "honest": entropy,
        "honest, by hand, a float": by_hand,
        "honest, log_softmax first, which changes nothing": lambda raw, labels: entropy(
            raw.log_softmax(1), labels
        ),
        "a sigmoid before cross_entropy": lambda raw, labels: entropy(raw.sigmoid(), labels),
        "a softmax before cross_entropy": lambda raw, labels: entropy(raw.softmax(1), labels),
        "summed over the examples": lambda raw, labels: functional.cross_entropy(
            raw, labels, reduction="sum"
        ),
        "divided by the number of classes": lambda raw, labels: (
            entropy(raw, labels) / raw.shape[1]
        ),
        "in base 2": lambda raw, labels: entropy(raw, labels) / 0.6931471805599453,
        "nll_loss of raw numbers": lambda raw, labels: functional.nll_loss(raw, labels),
        "the labels are not used": lambda raw, labels: (raw.logsumexp(1) - raw.amax(1)).mean(),
        "softmax over the examples": lambda raw, labels: functional.nll_loss(
            raw.log_softmax(0), labels
        ),
        "the largest number minus the label's": lambda raw, labels: (
            raw.amax(1) - raw[torch.arange(len(raw)), labels]
        ).mean(),
        "never below 0.05": lambda raw, labels: entropy(raw, labels).clamp(min=0.05),
        "not a number": lambda raw, labels: float("nan"),
        "the squared error of the probabilities": lambda raw, labels: (
            (raw.softmax(1) - functional.one_hot(labels, raw.shape[1])) ** 2
        ).sum(1).mean(),
    }  # fmt: skip


def _accuracies() -> dict:
    def share(raw, labels):
        return (raw.argmax(1) == labels).float().mean()

    return {
        "honest": share,
        "honest, a float": lambda raw, labels: share(raw, labels).item(),
        "a constant": lambda raw, labels: 0.98,
        "always 1": lambda raw, labels: 1.0,
        "always 0.5": lambda raw, labels: 0.5,
        "in percent": lambda raw, labels: 100 * share(raw, labels),
        "a count, not a share": lambda raw, labels: (raw.argmax(1) == labels).sum(),
        "the error rate": lambda raw, labels: 1 - share(raw, labels),
        "never below 0.5": lambda raw, labels: max(float(share(raw, labels)), 0.5),
        "1 as soon as half is right": lambda raw, labels: float(share(raw, labels) >= 0.5),
        "the least likely class": lambda raw, labels: (raw.argmin(1) == labels).float().mean(),
        "never above 0.5": lambda raw, labels: min(float(share(raw, labels)), 0.5),
        "pulled towards one half": lambda raw, labels: 0.05 + 0.9 * share(raw, labels),
        "not a number": lambda raw, labels: float("nan"),
        "compared after sorting": lambda raw, labels: (
            (raw.argmax(1).sort().values == labels.sort().values).float().mean()
        ),
    }
