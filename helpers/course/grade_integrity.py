"""Inside a submission's process: remembers what judging relies on, and puts back what was changed."""

import builtins
import sys
from types import FunctionType, ModuleType

import numpy as np

# Of these only what can be called is watched: the rest changes by itself. Other modules of Python
# are missing because libraries change them when they are imported: torch does it with inspect.
AROUND = {"helpers", "numpy", "abc", "ast", "collections", "contextlib", "copy", "dataclasses",
          "enum", "functools", "genericpath", "hashlib", "heapq", "html", "io", "itertools", "json",
          "linecache", "numbers", "operator", "pathlib", "posixpath", "ntpath", "re", "string",
          "sysconfig", "textwrap", "threading", "time", "traceback", "types", "_thread"}  # fmt: skip
TORCH = ("torch", "torch.nn", "torch.nn.functional", "torch.nn.modules.conv", "torch._tensor",
         "torch.autograd")  # fmt: skip
RESTLESS = ("manual_seed",)  # torch changes it when its compiler is imported
IMMUTABLE, HEAP = 1 << 8, 1 << 9  # flags of a type


def watch(ours: list[ModuleType], outer: list[ModuleType], lent: list[ModuleType] = ()):
    """Return the function that puts back every name, function and method, and lists the changed.

    ours: the judges, of which everything but numbers is watched, and what their lists, dicts and
    arrays hold; outer: other modules watched as closely; lent: the student's own copies, which are
    not watched. Of the rest of AROUND what can be called is. It is a closure over all that it
    needs: no module holds what student code might exchange.
    """
    close = [*outer, *ours]
    known = {id(m) for m in [*close, *lent]}
    wide = [m for name, m in list(sys.modules.items()) if isinstance(m, ModuleType)
            and id(m) not in known
            and (name.partition(".")[0] in AROUND or name in TORCH)]  # fmt: skip
    modules = [(m, _names(m, closely=True)) for m in close]
    modules += [(m, _names(m, closely=False)) for m in wide]
    held = [v for m, names in modules[len(outer) : len(close)] for v in names.values()]
    parts = [_imports([m for m, _ in modules if m not in ours]), _names_and_shadows(modules),
             _classes(modules), _functions(held), _checks(held), _contents(held)]  # fmt: skip

    def restore() -> list[str]:
        changed: list[str] = []
        for part in parts:
            part(changed)
        return changed

    return restore


def _names(module, closely: bool) -> dict:
    return {k: v for k, v in vars(module).items()
            if (closely and not isinstance(v, int | float)) or (callable(v) and k not in RESTLESS)}  # fmt: skip


def _imports(modules: list):
    """Watch what an import of these modules finds."""
    known, table = {id(m) for m in modules}, sys.modules
    kept = [(name, m) for name, m in table.items() if id(m) in known]

    def restore(changed):
        for name, module in kept:
            if table.get(name) is not module:
                changed.append(f"the module {name}")
                table[name] = module

    return restore


def _names_and_shadows(modules: list):
    """Watch the names of modules, and new names that would stand before a builtin."""
    everywhere = frozenset(vars(builtins))
    kept = [(vars(m), m.__name__, tuple(names.items()), everywhere - vars(m).keys())
            for m, names in modules]  # fmt: skip

    def restore(changed):
        for now, title, names, free in kept:
            get = now.get
            for name, value in names:
                if get(name, changed) is not value:
                    changed.append(f"{title}.{name}")
                    now[name] = value
            for name in free & now.keys():
                changed.append(f"{title}.{name}")
                del now[name]

    return restore


def _classes(modules: list):
    """Watch the methods of classes that are written in Python and live in these modules."""
    found = {id(v): v for m, names in modules for v in names.values()
             if isinstance(v, type) and v.__flags__ & HEAP and not v.__flags__ & IMMUTABLE
             and v.__module__ == m.__name__}  # fmt: skip
    kept = [(c, vars(c), f"{c.__module__}.{c.__qualname__}",
             tuple((k, v) for k, v in vars(c).items() if callable(v) or hasattr(v, "__get__")))
            for c in found.values()]  # fmt: skip
    put = type.__setattr__

    def restore(changed):
        for cls, now, title, names in kept:
            get = now.get
            for name, value in names:
                if get(name, changed) is not value:
                    changed.append(f"{title}.{name}")
                    put(cls, name, value)

    return restore


def _functions(held: list):
    kept = [(f, f.__code__, f.__defaults__, f.__kwdefaults__)
            for f in held if isinstance(f, FunctionType)]  # fmt: skip

    def restore(changed):
        for f, code, defaults, keywords in kept:
            if (f.__code__, f.__defaults__, f.__kwdefaults__) != (code, defaults, keywords):
                changed.append(f"{f.__module__}.{f.__qualname__}")
                f.__code__, f.__defaults__, f.__kwdefaults__ = code, defaults, keywords

    return restore


def _checks(held: list):
    """Watch the attributes of the checks; their verdicts change."""
    checks = [o for o in held if not isinstance(o, type | FunctionType | ModuleType)
              and hasattr(o, "judge")]  # fmt: skip
    kept = [(vars(o), {k: v for k, v in vars(o).items() if k != "verdict"}) for o in checks]

    def restore(changed):
        for now, names in kept:
            if any_(now.get(k) is not v for k, v in names.items()):
                changed.append(f"the check {names['name']}")
                now.update(names)

    any_ = any
    return restore


def _contents(held: list):
    """Watch what lists, dicts and arrays of the judges hold; more may come to it, as in a cache."""
    lists = [(v, tuple(v)) for v in held if type(v) is list]
    dicts = [(v, dict(v)) for v in held if type(v) is dict]
    arrays = [(v, v.copy(), v.tobytes()) for v in held if type(v) is np.ndarray]
    any_, len_, together = any, len, zip

    def restore(changed):
        for one, items in lists:
            if len_(one) < len_(items) or any_(
                a is not b for a, b in together(one, items, strict=False)
            ):
                changed.append("a list of the checks")
                one[:] = items
        for one, items in dicts:
            if any_(one.get(k, changed) is not v for k, v in items.items()):
                changed.append("a table of the checks")
                one.update(items)
        for one, copy, said in arrays:
            if one.tobytes() != said:
                changed.append("an array of the checks")
                one[...] = copy

    return restore
