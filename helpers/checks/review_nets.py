"""Small networks with and without faults, for the tools of notebook 11."""


def make_all() -> list:
    """Return (what, model, x): networks that run, stop in a leaf, or stop between two leaves."""
    import torch
    from torch import nn

    torch.manual_seed(11)
    images = torch.randn(2, 3, 9, 7)
    ok = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 5, 3, stride=2), nn.BatchNorm2d(5)),
        nn.ReLU(),
        nn.Sequential(nn.Sequential(nn.AvgPool2d((2, 3)), nn.Flatten()), nn.Linear(10, 4)),
    )
    stops = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 5, 1), nn.ReLU()),
        nn.Sequential(nn.Conv2d(5, 2, 3), nn.Conv2d(6, 4, 3), nn.ReLU()),
        nn.Flatten(),
    )
    return [
        ("layers inside layers", ok, images),
        ("a leaf that stops", stops, images),
        ("the first leaf stops", nn.Sequential(nn.Linear(5, 2)), images),
        ("a model that is a leaf", nn.Conv2d(3, 4, 3, padding=1), images),
        ("run in another order than built", _other_order(nn), torch.randn(4, 6)),
        ("a sum of two shapes", _bad_sum(nn), torch.randn(4, 6)),
        ("a stop before the first leaf", _early(nn), torch.randn(4, 6)),
        ("a leaf that raises a ValueError", _one_value(nn), torch.randn(1, 6)),
    ]


def _other_order(nn):
    class OtherOrder(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.first = nn.Linear(5, 3), nn.Linear(6, 5)
            self.never, self.activation = nn.Linear(6, 6), nn.Tanh()

        def forward(self, x):
            x = self.activation(self.first(x))
            return self.activation(self.last(x))

    return OtherOrder()


def _bad_sum(nn):
    class BadSum(nn.Module):
        def __init__(self):
            super().__init__()
            self.main, self.side = nn.Linear(6, 5), nn.Linear(6, 4)

        def forward(self, x):
            return self.main(x) + self.side(x)

    return BadSum()


def _early(nn):
    class Early(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(6, 5)

        def forward(self, x):
            return self.linear(x.reshape(5, 5))

    return Early()


def _one_value(nn):
    class OneValue(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.norm = nn.Linear(6, 5), nn.BatchNorm1d(5)

        def forward(self, x):
            return self.norm(self.linear(x))

    return OneValue()


def traced(model, x) -> list[tuple]:
    """Return the rows that TODO 11.1 asks for, found by replacing each leaf's `forward`."""
    rows, leaves = [], [(n, m) for n, m in model.named_modules() if not list(m.children())]

    def recorder(name, run):
        def forward(value):
            rows.append([name, tuple(value.shape), None])
            result = run(value)
            rows[-1][2] = tuple(result.shape)
            return result

        return forward

    for name, module in leaves:
        module.forward = recorder(name, module.forward)
    try:
        model(x)
    except Exception as error:
        if not rows or rows[-1][2] is not None:
            rows.append(["between", None, None])
        rows[-1][2] = str(error)
    for _, module in leaves:
        del module.forward
    return [tuple(row) for row in rows]


def idle_cases() -> list:
    """Return (what, model, x, the names of its idle parameters)."""
    import torch
    from torch import nn

    torch.manual_seed(12)
    batch = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5, affine=False))
    dead = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))
    nn.init.constant_(dead[0].bias, -100.0)
    x = torch.randn(4, 6)
    return [
        ("a layer that never runs", _other_order(nn), x, {"never.weight", "never.bias"}),
        ("every weight used", nn.Sequential(nn.Linear(6, 3), nn.Linear(3, 2)), x, set()),
        ("a batch norm at the end", batch, x, set()),
        ("a dead ReLU", dead, x, set()),
        ("a part cut off by detach", _detached(nn), x, {"cut.weight", "cut.bias"}),
        ("a bias that is never read", _half_used(nn), x, {"layer.bias"}),
    ]


def _detached(nn):
    class Detached(nn.Module):
        def __init__(self):
            super().__init__()
            self.cut, self.head = nn.Linear(6, 5), nn.Linear(5, 2)

        def forward(self, x):
            return self.head(self.cut(x).detach())

    return Detached()


def _half_used(nn):
    class HalfUsed(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(6, 5)

        def forward(self, x):
            return nn.functional.linear(x, self.layer.weight)

    return HalfUsed()
