"""Networks that stop in rare places, for the tracer of TODO 11.1."""


def make_rare() -> list:
    """Return (what, model, x): a second run that stops, a leaf of shape (), another exception."""
    import torch
    from torch import nn

    torch.manual_seed(13)
    words = torch.tensor([[0, 2], [3, 9], [1, 1]])
    return [
        ("a layer used twice, the second time with the wrong size", _twice(nn), torch.randn(4, 6)),
        ("a stop after a leaf that gives one number", _one_number(nn), torch.randn(4, 6)),
        (
            "a leaf that raises an IndexError",
            nn.Sequential(nn.Flatten(), nn.Embedding(4, 3)),
            words,
        ),
    ]


def _twice(nn):
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.tanh = nn.Linear(6, 5), nn.Tanh()

        def forward(self, x):
            return self.layer(self.tanh(self.layer(x)))

    return Twice()


def _one_number(nn):
    class Mean(nn.Module):
        def forward(self, x):
            return x.mean()

    class OneNumber(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.mean = nn.Linear(6, 5), Mean()

        def forward(self, x):
            return self.mean(self.linear(x)).reshape(2)

    return OneNumber()
