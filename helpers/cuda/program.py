"""A translated kernel as a whole: its functions, its constants, its places in the source."""

import ast
from dataclasses import dataclass, field

import numpy as np

from helpers.cuda import bits, values
from helpers.cuda.source import Site, Source
from helpers.cuda.translate import Translator


@dataclass
class Program:
    """A translated kernel with the device functions that it calls.

    `checked` programs also watch arithmetic for float64; `double` tells that the source asks for
    float64 by name; `shared_cells` is the size of a block's shared arrays.
    """

    checked: bool
    sites: list = field(default_factory=list)
    functions: dict = field(default_factory=dict)
    namespace: dict = field(default_factory=dict)
    double: bool = False
    shared_cells: int = 0
    entry: object = None

    def translate(self, py_func, caller=None, node=None):
        """Translate a function once, and return its `Translator`."""
        known = self.functions.get(py_func)
        if known is None:
            known = self.functions[py_func] = Translator(self, Source(py_func), caller is None)
            known.define(f"f{len(self.functions)}_{known.name}")
        elif not known.done:
            caller.refuse(node, f"{known.name} calls itself.")
        return known

    def site(self, source, node):
        """Number the place of a node."""
        text = ast.unparse(node)
        self.sites.append(Site(source.name, node.lineno, source.text(node.lineno), text))
        return len(self.sites) - 1

    def unchanged(self):
        """Tell whether the names outside the kernel still mean what they did."""
        return all(f.source.unchanged() for f in self.functions.values())

    def student_line(self, traceback):
        """Find the (kernel, line, text) that translated code was at, from a traceback."""
        place = None
        while traceback is not None:
            code = traceback.tb_frame.f_code
            for f in self.functions.values():
                if code.co_filename == f.file:
                    line = f.origin[traceback.tb_lineno - 1]
                    place = f.name, line, f.source.text(line)
            traceback = traceback.tb_next
        return place


def make_program(py_func, checked):
    """Translate a kernel. Raise UnsupportedError, with name and line, for what no GPU could run."""
    program = Program(checked)
    program.namespace.update({k: v for k, v in vars(values).items() if callable(v)})
    program.namespace["UNSET"] = values.UNSET
    program.namespace.update({f"bit_{k}": v for k, v in bits.BITS.items()})
    with np.errstate(all="ignore"):  # constants are converted as the device would
        program.entry = program.translate(py_func)
    return program
