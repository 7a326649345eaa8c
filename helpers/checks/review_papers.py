"""Which source has what, and what to say of each confusion, for TODO 11.6."""

# The sources in the order of the shelf, and the claim that each of them is the earliest for.
ORDER = "dagehbjfic"

SUBJECT = {
    "Linnainmaa 1970": "rounding errors followed through a computation; networks do not occur",
    "Fukushima 1980": "a network that organises itself without a teacher: no error, no gradient",
    "Rumelhart 1986": "hidden units trained by errors sent backwards, in fully connected networks",
    "LeCun 1989": "a network for zip codes, all of it trained by backpropagation",
    "Elman 1990": "simple recurrent networks without any gate",
    "Hochreiter 1997": "a recurrent unit with a memory cell and gates",
    "Krizhevsky 2012": "a large network on ImageNet; most of its parts are decades older",
    "Cho 2014": "an encoder and a decoder for phrases, and a new recurrent unit in both",
    "Ioffe 2015": "normalising activations batch by batch",
    "He 2015": "very deep networks that train because of what they leave in place",
}

LATER = "the claim asks for the earliest, and an older source on the shelf has it"

CONFUSIONS = {
    ("a", "Krizhevsky 2012"): "AlexNet did not introduce convolution: look at Fukushima 1980 and "
    "LeCun et al. 1989, and ask which of the two is older.",
    ("e", "Krizhevsky 2012"): "AlexNet did not introduce trained kernels: look at Fukushima 1980 "
    "and LeCun et al. 1989, and ask which of the two has a gradient.",
    ("a", "LeCun 1989"): f"{LATER}: it learns without a teacher.",
    ("e", "Fukushima 1980"): "it learns without a teacher: there is no error to descend.",
    ("d", "Rumelhart 1986"): f"{LATER}: it does not mention networks at all.",
    ("g", "Linnainmaa 1970"): "a thesis on rounding errors has the sweep, but no hidden units.",
    ("g", "LeCun 1989"): f"{LATER}; this one applies it to images.",
    ("h", "Hochreiter 1997"): f"{LATER}: recurrence came before the gates.",
    ("h", "Cho 2014"): f"{LATER}: recurrence came before the gates.",
    ("b", "Cho 2014"): "its unit resets and updates: those are other gates, and 17 years later.",
    ("f", "Hochreiter 1997"): "its unit does have a memory cell: look for the later one without.",
    ("b", "Elman 1990"): "its network has no gates: the claim names two.",
    ("f", "Elman 1990"): "its network has no gates: the claim names two.",
    ("c", "Ioffe 2015"): "it normalises activations; nothing is added to the input.",
    ("i", "He 2015"): "it uses batch norm and cites it: look for where it comes from.",
    ("j", "He 2015"): "its networks are far deeper than five layers and won three years later.",
    ("j", "LeCun 1989"): "ImageNet did not exist in 1989, nor did dropout.",
    ("c", "Krizhevsky 2012"): "its layers replace their input; nothing is added to it.",
}


def confusion(claim: str, source: str) -> str:
    """Say why `source` is not the source of `claim`, without naming the right one."""
    special = CONFUSIONS.get((claim, source))
    return special or f"its subject is another: {SUBJECT[source]}."
