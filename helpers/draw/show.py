"""Show frames: as a strip, as an animation, or behind a slider.

The strip and the animation are Pictures and need no kernel; the slider needs a live one.
"""

from helpers.draw.svg import QUIET, rect, svg_picture, text

SHEET = 1000  # width of a strip; JupyterLab shows this much at full size
GAP = 14


def film(frames, alt=None, columns=None):
    """Return all frames on one sheet, row by row, as a Picture."""
    frames = _at_least_one(frames)
    width, height = frames[0].width, frames[0].height
    if columns is None:
        columns = min(len(frames), max(1, int((SHEET - GAP) / (max(width * 0.7, 300) + GAP))))
    scale = min(1, ((SHEET - GAP) / columns - GAP) / width)
    across, down = width * scale + GAP, height * scale + GAP
    body = ""
    for i, frame in enumerate(frames):
        x, y = GAP + i % columns * across, GAP + i // columns * down
        border = rect(0, 0, width, height, 6, "none", "#d5dae0", 1)
        place = f"translate({x:.1f} {y:.1f}) scale({scale:.4f})"
        body += f'<g transform="{place}">{border}{frame.body}</g>'
    rows = -(-len(frames) // columns)
    return svg_picture(body, GAP + columns * across, GAP + rows * down, alt or _say(frames))


def animate(frames, seconds_per_frame=2.0, alt=None):
    """Return the frames as a Picture that plays them in a loop.

    Only the first one shows in print, and to readers who asked their system for less motion.
    """
    frames = _at_least_one(frames)
    if not seconds_per_frame > 0:
        raise ValueError("seconds_per_frame must be above 0, for example 2.")
    total = seconds_per_frame * len(frames)
    body = (
        f"<style>@keyframes show{{0%{{visibility:visible}}{100 / len(frames):.4f}%,"
        f"100%{{visibility:hidden}}}}@media screen and (prefers-reduced-motion:no-preference)"
        f"{{.f{{animation:show {total:g}s step-end infinite}}}}</style>"
    )
    for i, frame in enumerate(frames):
        delay = (i - len(frames)) % -len(frames) * seconds_per_frame  # start within the loop
        count = text(
            frame.width - GAP, frame.height - 6, f"{i + 1}/{len(frames)}", 11, QUIET, anchor="end"
        )
        body += (
            f'<g class="f" visibility="{"hidden" if i else "visible"}" '
            f'style="animation-delay:{delay:g}s">{frame.body}{count}</g>'
        )
    return svg_picture(body, frames[0].width, frames[0].height + 8, alt or _say(frames))


def slider(frames):
    """Return a widget that steps through the frames; arrow keys work. Needs a live kernel."""
    import ipywidgets

    frames = _at_least_one(frames)
    pictures = [svg_picture(f.body, f.width, f.height, f.caption).html() for f in frames]
    step = ipywidgets.IntSlider(0, 0, len(frames) - 1, description="step")
    shown = ipywidgets.HTML(pictures[0])
    step.observe(lambda change: setattr(shown, "value", pictures[change["new"]]), "value")

    class Steps(ipywidgets.VBox):
        def __repr__(self):  # the widget's own repr holds the whole picture
            return f"Slider over {len(frames)} frames"

    return Steps([step, shown])


def _at_least_one(frames):
    frames = list(frames)
    if not frames:
        raise ValueError("There are no frames to show: make some with draw.backward_film(root).")
    return frames


def _say(frames):
    return " ".join(["Backward pass, frame by frame.", *(frame.caption for frame in frames)])
