"""Wrong and right answers of notebook 03."""

from helpers.course.mistakes import Answer


def w(id, what, says, *swap, code=""):
    return Answer(id, what, says, swap=swap, code=code)


def r(id, what, *swap, code=""):
    return Answer(id, what, swap=swap, code=code)


XAVIER, HE = "np.sqrt(2 / (n_in + n_out))", "np.sqrt(2 / n_in)"
D = "d = p.grad + self.weight_decay * p.data"
V = "v = self.velocity[i] = self.momentum * self.velocity[i] + d"
MOVE = "p.data = p.data - self.rate * (d + self.momentum * v if self.nesterov else v)"
SKIP = "            if p.grad is None:\n                continue\n"
COUNT = "        self.t += 1\n"
G = "g = p.grad if self.decoupled else p.grad + decay"
M = "self.m[i] = b1 * self.m[i] + (1 - b1) * g"
S = "self.s[i] = b2 * self.s[i] + (1 - b2) * g**2"
ADAM_MOVE = """            m_hat, s_hat = self.m[i] / (1 - b1**self.t), self.s[i] / (1 - b2**self.t)
            move = m_hat / (np.sqrt(s_hat) + self.eps)
"""
ADAM_DATA = "p.data = p.data - self.rate * (move + decay if self.decoupled else move)"
STEP = "return rate * factor ** (epoch // every)"
WARM = "return rate * (step + 1) / warmup"
COSINE = "return rate / 2 * (1 + np.cos(np.pi * (step - warmup) / (steps - warmup)))"
BETTER = "if value < self.best * (1 - self.threshold):"
HALVE = "            self.optimizer.rate *= 0.5\n            self.bad = 0\n"
STOP_KEEP = "self.best, self.bad, self.state = value, 0, model.state_dict()"
MASK = "return x * ((self.rng.random(x.shape) >= self.p) / (1 - self.p)).astype(x.dtype)"
EVAL = "        if not self.training:\n            return x\n"
WEIGHTS = "weights = [p for p in parameters if p.data.ndim >= 2]"
PRICE = "(w.abs().sum() * l1 + (w * w).sum() * (l2 / 2) for w in weights)"
SHIFT = "return gather(images, i - per_image(down), j - per_image(right))"
CROP = "return gather(images, i + per_image(top), j + per_image(left))"
FLIP = "return gather(images, i, np.where(per_image(which), images.shape[3] - 1 - j, j))"
ROWS = "rows = middle_i + u * np.cos(t) + v * np.sin(t)"
COLUMNS = "columns = middle_j - u * np.sin(t) + v * np.cos(t)"
MIDDLE = "middle_i, middle_j = (images.shape[2] - 1) / 2, (images.shape[3] - 1) / 2"
TURNED = "return gather(images, np.rint(rows).astype(int), np.rint(columns).astype(int))"
CHANCES = "chances.append(np.exp(log_softmax(model(x)).data))"
MEAN = "return np.mean(chances, axis=0)"

WRONG = [
    # 3.1
    w("3.1", "variance as deviation", "square root", (HE, "2 / n_in")),
    w("3.1", "xavier: variance as deviation", "square root", (XAVIER, "2 / (n_in + n_out)")),
    w("3.1", "xavier: product", "sizes are added", (XAVIER, "np.sqrt(2 / (n_in * n_out))")),
    w("3.1", "xavier: factor 2", "factor 2", (XAVIER, "np.sqrt(1 / (n_in + n_out))")),
    w("3.1", "he: n_out", "counts the inputs", (HE, "np.sqrt(2 / n_out)")),
    w("3.1", "he: factor 2", "1 / n_in", (HE, "np.sqrt(1 / n_in)")),
    w("3.1", "he is xavier", "Xavier's", (HE, XAVIER)),
    w("3.1", "xavier is he", "He's", (XAVIER, HE)),
    w("3.1", "uniform up to the deviation", "uniform draw",
      ("return rng.normal(0, " + HE + ", (n_in, n_out)).astype(dtype)",
       "s = " + HE + "\n    return rng.uniform(-s, s, (n_in, n_out)).astype(dtype)")),
    w("3.1", "one sign", "both signs", ("return rng.normal(0, " + HE + ", (n_in, n_out))",
                                       "return abs(rng.normal(0, " + HE + ", (n_in, n_out)))")),
    w("3.1", "shape turned", "has shape",
      ("return rng.normal(0, " + HE + ", (n_in, n_out))", "return rng.normal(0, " + HE
       + ", (n_out, n_in))")),
    w("3.1", "float64 always", "dtype float64",
      ("return rng.normal(0, " + HE + ", (n_in, n_out)).astype(dtype)",
       "return rng.normal(0, " + HE + ", (n_in, n_out))")),
    w("3.1", "own seed", "follow the seed", ("return rng.normal(0, " + HE,
                                           "return np.random.default_rng(0).normal(0, " + HE)),
    # 3.2
    w("3.1", "one row for all", "all rows are equal", ("return rng.normal(0, " + HE + ", (n_in, n_out)).astype(dtype)",
      "return np.tile(rng.normal(0, " + HE + ", n_out), (n_in, 1)).astype(dtype)")),
    w("3.2", "climbs", "climb", (MOVE, MOVE.replace("data - ", "data + "))),
    w("3.2", "no rate", "rate is not used", (MOVE, MOVE.replace("self.rate * ", ""))),
    w("3.2", "in place", "locked", (MOVE, MOVE.replace("p.data = p.data - ", "p.data -= "))),
    w("3.2", "no decay", "decay is missing", (D, "d = p.grad")),
    w("3.2", "decay sign", "wrong sign", (D, D.replace("+", "-"))),
    w("3.2", "decay apart", "through the velocity", (D, "d = p.grad"),
      (MOVE, MOVE + "\n            p.data = p.data - self.rate * self.weight_decay * old"),
      (V, "old = p.data\n            " + V)),
    w("3.2", "forgets", "no memory", (V, "v = self.momentum * self.velocity[i] + d")),
    w("3.2", "dampened", "without a factor", (V, V.replace("+ d", "+ (1 - self.momentum) * d"))),
    w("3.2", "rate inside", "inside the velocity", (V, V.replace("+ d", "+ self.rate * d")),
      (MOVE, "p.data = p.data - (self.rate * d + self.momentum * v if self.nesterov else v)")),
    w("3.2", "never ahead", "although nesterov is True", (MOVE, "p.data = p.data - self.rate * v")),
    w("3.2", "always ahead", "although nesterov is False",
      (MOVE, "p.data = p.data - self.rate * (d + self.momentum * v)")),
    w("3.2", "old velocity", "plain step", (V, "old = self.velocity[i]\n            " + V),
      (MOVE, MOVE.replace("momentum * v", "momentum * old"))),
    w("3.2", "ahead with the gradient", "Nesterov's d", (MOVE, MOVE.replace("(d +", "(p.grad +"))),
    w("3.2", "None not skipped", "left out", (SKIP, "")),
    w("3.2", "changes the gradient", "gradient itself",
      (D, "p.grad += self.weight_decay * p.data\n            d = p.grad")),
    w("3.2", "return at None", "`continue`", (SKIP, SKIP.replace("continue", "return"))),
    w("3.2", "velocity fades without a gradient", "its velocity shrank", (SKIP, SKIP.replace(
        "continue", "self.velocity[i] = self.momentum * self.velocity[i]\n                continue"))),
    w("3.2", "velocity emptied without a gradient", "set to 0", (SKIP, SKIP.replace(
        "continue", "self.velocity[i] = 0 * p.data\n                continue"))),
    w("3.2", "no gradient is a gradient of zero", "grad is None was moved", (SKIP, ""),
      (D, "d = (0.0 if p.grad is None else p.grad) + self.weight_decay * p.data")),
    w("3.2", "keeps the gradient itself", "array of its own", (D, "d = p.grad + self.weight_decay * p.data if self.weight_decay else p.grad"),
      (V, "v = self.velocity[i]\n            if v.any():\n                v *= self.momentum\n                v += d\n"
          "            else:\n                v = self.velocity[i] = d")),
    w("3.2", "moves by the old velocity", "what you keep from step to step", (V, ""), (MOVE, "v = self.velocity[i]\n            " + MOVE
      + "\n            self.velocity[i] = self.momentum * v + d")),
    w("3.2", "old velocity whole", "multiplied by momentum", (V, V.replace("self.momentum * self.velocity", "self.velocity"))),
    w("3.2", "nothing moves", "no parameter moved", (MOVE, "new = p.data - self.rate * v")),
    w("3.2", "a gradient of zeros left out", "gradient of zeros", (SKIP, SKIP.replace("None", "None or not p.grad.any()"))),
    w("3.2", "sets the gradient to None", "set to None", (MOVE, MOVE + "\n            p.grad = None")),
    w("3.2", "around the lock", "no longer locked", (MOVE, MOVE.replace("p.data = ", "p._data = "))),
    # 3.3
    w("3.3", "no correction", "correction of the two means",
      (" / (1 - b1**self.t)", ""), (" / (1 - b2**self.t)", "")),
    w("3.3", "m corrected only", "1 - beta2", (" / (1 - b2**self.t)", "")),
    w("3.3", "s corrected only", "1 - beta1", (" / (1 - b1**self.t)", "")),
    w("3.3", "eps inside", "beside the root",
      ("np.sqrt(s_hat) + self.eps", "np.sqrt(s_hat + self.eps)")),
    w("3.3", "eps corrected", "then add eps",
      ("(np.sqrt(s_hat) + self.eps)",
       "((np.sqrt(self.s[i]) + self.eps) / np.sqrt(1 - b2**self.t))")),
    w("3.3", "no root", "root of the mean", ("np.sqrt(s_hat)", "s_hat")),
    w("3.3", "t per parameter", "once per call", (COUNT, ""), (G, "self.t += 1\n            " + G)),
    w("3.3", "t never counts", "t stays 1", (COUNT, "        self.t = max(self.t, 1)\n")),
    w("3.3", "t ahead", "1 in the first step", (COUNT, "        self.t = (self.t or 1) + 1\n")),
    w("3.3", "betas swapped", "betas are exchanged", ("b1, b2 = self.betas", "b2, b1 = self.betas")),
    w("3.3", "t is 0 in the first step", "In the first step t is 1", (COUNT, ""),
      (ADAM_DATA, ADAM_DATA + "\n        self.t += 1")),
    w("3.3", "t counts idle ones", "once per call", (COUNT, ""),
      (SKIP, "            self.t += 1\n" + SKIP)),
    w("3.3", "return at None", "`continue`", (SKIP, SKIP.replace("continue", "return"))),
    w("3.3", "means fade without a gradient", "means shrank", (SKIP, SKIP.replace("continue",
      "self.m[i], self.s[i] = b1 * self.m[i], b2 * self.s[i]\n                continue"))),
    w("3.3", "no gradient is a gradient of zero", "grad is None was moved", (SKIP,
      "            grad = 0.0 * p.data if p.grad is None else p.grad\n"),
      (G, "g = grad if self.decoupled else grad + decay")),
    w("3.3", "kinds exchanged", "AdamW's decay", (G, "g = p.grad + decay if self.decoupled else p.grad"),
      (ADAM_DATA, "p.data = p.data - self.rate * (move if self.decoupled else move + decay)")),
    w("3.3", "adam decoupled", "AdamW's decay", (G, "g = p.grad"),
      (ADAM_DATA, "p.data = p.data - self.rate * (move + decay)")),
    w("3.3", "adamw coupled", "Adam's decay, which is added", (G, "g = p.grad + decay"),
      (ADAM_DATA, "p.data = p.data - self.rate * move")),
    w("3.3", "no decay at all", "decay is missing", ("decay = self.weight_decay * p.data",
                                                   "decay = 0.0 * p.data")),
    w("3.3", "decay without rate", "the rate is missing",
      (ADAM_DATA, "p.data = p.data - self.rate * move - (decay if self.decoupled else 0)")),
    w("3.3", "decay of the new data", "old data", (ADAM_DATA,
      "p.data = p.data - self.rate * move\n            if self.decoupled:\n"
      "                p.data = p.data - self.rate * self.weight_decay * p.data")),
    w("3.3", "squares without decay", "both means", (S, S.replace("g**2", "p.grad**2"))),
    w("3.3", "corrected means stored", "keep the plain ones", (ADAM_MOVE,
      "            self.m[i] = self.m[i] / (1 - b1**self.t)\n"
      "            self.s[i] = self.s[i] / (1 - b2**self.t)\n"
      "            move = self.m[i] / (np.sqrt(self.s[i]) + self.eps)\n")),
    w("3.3", "climbs", "climb", (ADAM_DATA, ADAM_DATA.replace("move + decay", "decay - move").replace(
        "else move", "else -move"))),
    w("3.3", "None not skipped", "left out", (SKIP, "")),
    w("3.3", "a gradient of zeros left out", "gradient of zeros", (SKIP, SKIP.replace("None", "None or not p.grad.any()"))),
    w("3.3", "corrected m stored", "A corrected mean was stored", ("m_hat, s_hat =", "m_hat, s_hat = self.m[i], s_hat =")),
    w("3.3", "corrected s stored", "A corrected mean was stored", ("m_hat, s_hat =", "m_hat, s_hat = m_hat, self.s[i] =")),
    w("3.3", "no eps", "eps is missing", (" + self.eps", "")),
    w("3.3", "no rate", "rate is not used", (ADAM_DATA, ADAM_DATA.replace("self.rate * ", ""))),
    w("3.3", "decay sign", "wrong sign", ("decay = self.weight_decay", "decay = -self.weight_decay")),
    w("3.3", "m without its weight", "1 - beta1 only", (M, M.replace("(1 - b1) * ", ""))),
    w("3.3", "s without its weight", "1 - beta2 only", (S, S.replace("(1 - b2) * ", ""))),
    w("3.3", "beta times t", "division by", ("(1 - b1**self.t)", "(1 - b1 * self.t)"), ("(1 - b2**self.t)", "(1 - b2 * self.t)")),
    w("3.3", "both decays", "twice", (G, "g = p.grad + decay")),
    # 3.4
    w("3.4", "decay: every epoch", "every epoch", (STEP, "return rate * factor**epoch")),
    w("3.4", "decay: smooth", "whole steps", (STEP, STEP.replace("//", "/"))),
    w("3.4", "decay: too early", "too early", (STEP, STEP.replace("epoch //", "(epoch + 1) //"))),
    w("3.4", "decay: times the number", "raised to that power",
      (STEP, "return rate * factor * (epoch // every)")),
    w("3.4", "decay: divided", "not divided", (STEP, STEP.replace("factor **", "(1 / factor) **"))),
    w("3.4", "decay: once", "falls again", (STEP, "return rate * (factor if epoch >= every else 1)")),
    w("3.4", "decay: no return", "return", (STEP, STEP.replace("return ", ""))),
    w("3.4", "warm-up from 0", "starts at 0", (WARM, "return rate * step / warmup")),
    w("3.4", "warm-up one step more", "one step too many", ("if step < warmup", "if step <= warmup"),
      (WARM, "return rate * (step + 1) / max(warmup, 1)")),
    w("3.4", "no warm-up", "warm-up is missing", (WARM, "return rate")),
    w("3.4", "cosine from step 0", "where the warm-up ends", (COSINE, COSINE.replace(
        "(step - warmup) / (steps - warmup)", "step / steps"))),
    w("3.4", "cosine over all steps", "only steps - warmup", (COSINE, COSINE.replace(
        "/ (steps - warmup)", "/ steps"))),
    w("3.4", "cosine doubled", "factor 1/2", (COSINE, COSINE.replace("rate / 2", "rate"))),
    w("3.4", "cosine: whole turn", "half a turn", (COSINE, COSINE.replace("np.pi", "2 * np.pi"))),
    w("3.4", "cosine: no pi", "half a turn", (COSINE, COSINE.replace("np.pi * ", ""))),
    w("3.4", "cosine: no return", "None in step 4", (COSINE, COSINE.replace("return ", ""))),
    w("3.4", "cosine: ahead", "one step ahead", (COSINE, COSINE.replace("(step -", "(step + 1 -"))),
    w("3.4", "cosine: rises", "cosine rises", (COSINE, COSINE.replace("1 + np", "1 - np"))),
    w("3.4", "warm-up: w + 1", "in its last step", (WARM, "return rate * (step + 1) / (warmup + 1)")),
    w("3.4", "cosine: to zero", "without - 1", (COSINE, COSINE.replace(
        "(steps - warmup)", "(steps - warmup - 1)"))),
    w("3.4", "plateau: at patience", "one value too early",
      ("if self.bad > self.patience", "if self.bad >= max(self.patience, 1)")),
    w("3.4", "plateau: count kept", "start again", ("            self.bad = 0\n", "")),
    w("3.4", "plateau: last value", "best value so far", ("            self.bad += 1\n",
      "            self.bad += 1\n            self.best = value\n")),
    w("3.4", "plateau: no threshold", "threshold is not used", (BETTER, "if value < self.best:")),
    w("3.4", "plateau: absolute", "relative", (BETTER, "if value < self.best - self.threshold:")),
    w("3.4", "plateau: best forgotten", "must stay", (HALVE, HALVE + "            self.best = np.inf\n")),
    w("3.4", "plateau: best creeps", "a little below it", ("            self.bad += 1\n",
      "            self.bad += 1\n            self.best = min(self.best, value)\n")),
    w("3.4", "plateau: all bad ones", "in a row", ("self.best, self.bad = value, 0",
                                                   "self.best = value")),
    w("3.4", "plateau: value times threshold", "not quite the same",
      (BETTER, "if value * (1 + self.threshold) < self.best:")),
    w("3.4", "plateau: equal", "equal", (BETTER, "if value <= self.best:")),
    w("3.4", "plateau: at the limit", "only one below it", (BETTER, BETTER.replace("value <", "value <="))),
    w("3.4", "plateau: nan is better", "comparison with nan", (BETTER, "if not value >= self.best * (1 - self.threshold):")),
    w("3.4", "plateau: nan is passed over", "one more in the row", (BETTER, "if value != value:\n            return\n        " + BETTER)),
    w("3.4", "plateau: 0 is no value", "A best value of 0", (BETTER, BETTER.replace("if ", "if not self.best or "))),
    w("3.4", "plateau: at patience 0, too", "one value too early", ("if self.bad > self.patience", "if self.bad >= self.patience")),
    w("3.4", "plateau: best replaced", "must stay", (HALVE, HALVE + "            self.best = value\n")),
    w("3.4", "plateau: rate of the beginning", "none of your own", ("        self.best, self.bad = np.inf, 0\n",
      "        self.best, self.bad, self.rate = np.inf, 0, optimizer.rate\n"), ("self.optimizer.rate *= 0.5", "self.rate *= 0.5\n            self.optimizer.rate = self.rate")),
    w("3.4", "plateau: own rate", "never changes", ("self.optimizer.rate *= 0.5",
                                                  "self.rate = self.optimizer.rate * 0.5")),
    w("3.4", "plateau: tenth", "divided by ten", ("rate *= 0.5", "rate *= 0.1")),
    # 3.5
    w("3.5", "keeps the model", "copy of the state", (STOP_KEEP, STOP_KEEP.replace(
        "model.state_dict()", "model")), ("model.load_state_dict(self.state)",
                                          "model.load_state_dict(self.state.state_dict())")),
    w("3.5", "keeps the parameters", "copy of the state", (STOP_KEEP, STOP_KEEP.replace(
        "model.state_dict()", "model.parameters()")), ("model.load_state_dict(self.state)",
        "[setattr(p, 'data', q.data) for p, q in zip(model.parameters(), self.state)]")),
    w("3.5", "parameters only", "no parameter", (STOP_KEEP, STOP_KEEP.replace(
        "model.state_dict()", "[p.data for p in model.parameters()]")),
      ("model.load_state_dict(self.state)",
       "[setattr(p, 'data', q) for p, q in zip(model.parameters(), self.state)]")),
    w("3.5", "last state", "epoch", ("        else:\n            self.bad += 1\n",
      "        else:\n            self.bad += 1\n            self.state = model.state_dict()\n")),
    w("3.5", "first state", "epoch", (STOP_KEEP, STOP_KEEP.replace(
        "model.state_dict()", "self.state or model.state_dict()"))),
    w("3.5", "ties kept", "keep the earlier state", ("        if value < self.best:\n",
      "        if value == self.best:\n            self.state = model.state_dict()\n"
      "        if value < self.best:\n")),
    w("3.5", "restores the model it saw", "into the argument", (STOP_KEEP, STOP_KEEP
      + "\n            self.model = model"), ("model.load_state_dict(self.state)",
                                             "self.model.load_state_dict(self.state)")),
    w("3.5", "restores its own arrays", "second restore", ("model.load_state_dict(self.state)",
      "[setattr(model, k, v) for k, v in self.state.items() if '.' not in k and k == 'seen']\n"
      "            [setattr(p, 'data', self.state[k]) for k, p in vars(model).items() if k != 'seen' "
      "and k in self.state]")),
    w("3.5", "restores nothing", "as it was", ("model.load_state_dict(self.state)", "pass")),
    w("3.5", "crashes before a value", "before any value",
      ("        if self.state is not None:\n            model.load", "        model.load")),
    w("3.5", "one late", "too late", ("self.bad >= self.patience", "self.bad > self.patience")),
    w("3.5", "all bad ones", "in a row", (STOP_KEEP, STOP_KEEP.replace(
        "value, 0,", "value, self.bad,"))),
    w("3.5", "last value", "best value so far", ("            self.bad += 1\n",
      "            self.bad += 1\n            self.best = value\n")),
    w("3.5", "equal is better", "equal to the best", ("if value < self.best", "if value <= self.best")),
    w("3.5", "nan is better", "not a number", ("if value < self.best",
                                              "if not value >= self.best")),
    w("3.5", "says it once", "only once", ("self.bad >= self.patience", "self.bad == self.patience")),
    w("3.5", "counts again after a stop", "after it said stop", ("return self.bad >= self.patience",
      "stop = self.bad >= self.patience\n        self.bad = 0 if stop else self.bad\n        return stop")),
    w("3.5", "with a threshold", "no threshold", ("if value < self.best", "if value < self.best * (1 - 1e-4)")),
    w("3.5", "no return", "return", ("return self.bad >= self.patience", "pass")),
    w("3.5", "best never set", "never set", (STOP_KEEP, STOP_KEEP.replace("self.best, self.bad, self.state = value, 0,", "self.bad, self.state = 0,"))),
    w("3.5", "ties passed over", "one more in the row", ("            self.bad += 1\n", "            self.bad += value != self.best\n")),
    w("3.5", "stop for ever", "for ever", ("return self.bad >= self.patience",
      "self.stop = getattr(self, 'stop', False) or self.bad >= self.patience\n        return self.stop")),
    w("3.5", "see restores", "see changed the weights", ("return self.bad >= self.patience",
      "stop = self.bad >= self.patience\n        if stop:\n            self.restore(model)\n        return stop")),
    # 3.6
    w("3.6", "not scaled", "not scaled up", (MASK, MASK.replace(" / (1 - self.p)", ""))),
    w("3.6", "scaled by 1/p", "by 1/p", (MASK, MASK.replace("/ (1 - self.p)",
                                                          "/ max(self.p, 1e-9)"))),
    w("3.6", "scaled down", "scaled down", (MASK, MASK.replace("/ (1 - self.p)",
                                                             "* (1 - self.p)"))),
    w("3.6", "p kept", "share that is kept", (MASK, MASK.replace(">=", "<"))),
    w("3.6", "always on", "still dropped", (EVAL, "")),
    w("3.6", "never on", "wrong way round", ("if not self.training", "if True")),
    w("3.6", "scaled in evaluation", "training has scaled already",
      ("            return x\n", "            return x * (1 - self.p)\n")),
    w("3.6", "new numbers for x", "x itself got new numbers", (MASK, "x.data = x.data * ((self.rng.random(x.shape) >= self.p) / (1 - self.p))\n        return x")),
    w("3.6", "one number for all", "one number drawn", (MASK, MASK.replace("x.shape)", "[1] * len(x.shape))"))),
    w("3.6", "one mask for all rows", "rows or columns", (MASK, MASK.replace(
        "x.shape)", "x.shape[1:])"))),
    w("3.6", "same mask always", "new mask", (MASK, MASK.replace(
        "self.rng.", "np.random.default_rng(3)."))),
    w("3.6", "other generator", "self.rng", (MASK, MASK.replace(
        "self.rng.", "np.random.default_rng()."))),
    w("3.6", "float64", "dtype of x", (MASK, MASK.replace(".astype(x.dtype)", ""))),
    w("3.6", "cut from the graph", "expected a Tensor", (MASK, MASK.replace("return x *",
                                                                          "return x.data *"))),
    w("3.6", "no gradient", "no gradient reaches", (MASK, MASK.replace("return x *",
                                                   "return Tensor(x.data) *"))),
    w("3.6", "the same number always", "on its own", (MASK, "n, size = int(np.prod(x.shape)), x.shape\n"
      "        keep = np.arange(n) >= round(n * self.p)\n        keep = self.rng.permutation(keep).reshape(size)\n"
      "        return x * (keep / (1 - self.p)).astype(x.dtype)")),
    w("3.6", "cut from the graph in evaluation", "in evaluation: no gradient reaches x", (EVAL, EVAL.replace("return x", "return Tensor(x.data)"))),
    w("3.6", "an array in evaluation", "x itself will do", (EVAL, EVAL.replace("return x", "return x.data"))),
    w("3.6", "no return", "return", (MASK, MASK.replace("return ", ""))),
    # 3.7
    w("3.7", "half missing", "half is missing", (PRICE, PRICE.replace("(l2 / 2)", "l2"))),
    w("3.7", "biases", "Biases are charged", (WEIGHTS, "weights = list(parameters)")),
    w("3.7", "no absolute value", "absolute value", (PRICE, PRICE.replace("w.abs().sum()", "w.sum()"))),
    w("3.7", "root", "without a root", (PRICE, PRICE.replace("(w * w).sum()", "(w * w).sum() ** 0.5"))),
    w("3.7", "mean", "both prices are sums", (PRICE, PRICE.replace(".sum()", ".mean()"))),
    w("3.7", "exchanged", "exchanged", (PRICE, PRICE.replace("l1 +", "l2 +").replace("l2 / 2",
                                                                                   "l1 / 2"))),
    w("3.7", "data in L1", "L1 term", (PRICE, PRICE.replace("w.abs().sum()",
                                                          "Tensor(abs(w.data)).sum()"))),
    w("3.7", "data in L2", "L2 term", (PRICE, PRICE.replace("(w * w)", "Tensor(w.data**2)"))),
    w("3.7", "data in one factor", "one factor", (PRICE, PRICE.replace("(w * w)", "(w * w.data)"))),
    w("3.7", "biases in L2", "Biases are charged", ("    return sum(" + PRICE + ", Tensor(0.0))",
      """    price = sum((w.abs().sum() * l1 for w in weights), Tensor(0.0))
    return sum(((p * p).sum() * (l2 / 2) for p in parameters), price)""")),
    w("3.7", "one axis is enough", "Biases are charged", (WEIGHTS, WEIGHTS.replace(">= 2", ">= 1"))),
    w("3.7", "more than two axes", "two axes is left out", (WEIGHTS, WEIGHTS.replace(">=", ">"))),
    w("3.7", "root of the square", "not a finite number", (PRICE, PRICE.replace("w.abs()", "((w * w) ** 0.5)"))),
    w("3.7", "numbers without axes", "without any axis", (WEIGHTS, WEIGHTS.replace(">= 2", "!= 1"))),
    w("3.7", "first only", "Only the first", (WEIGHTS, WEIGHTS + "[:1]")),
    w("3.7", "two axes only", "more is made of weights", (WEIGHTS, WEIGHTS.replace(">=", "=="))),
    w("3.7", "a float", "expected a Tensor", (PRICE + ", Tensor(0.0))", PRICE + ", Tensor(0.0)).data")),
    w("3.7", "on data", "no gradient reaches", (PRICE, PRICE.replace("w.abs()", "Tensor(w.data).abs()")
      .replace("(w * w)", "Tensor(w.data**2)"))),
    w("3.7", "sign", "price is added", (PRICE, PRICE.replace("(w.abs", "(-1 * w.abs").replace(
        "+ (w", "- (w"))),
    w("3.7", "no single rows", "single row or column", (WEIGHTS, WEIGHTS.replace("]", " and p.shape[0] > 1]"))),
    w("3.7", "absolute value of the sum", "sums absolute values", (PRICE, PRICE.replace("w.abs().sum()", "w.sum().abs()"))),
    w("3.7", "no return", "return", ("return sum", "sum")),
    # 3.8
    w("3.8", "shift: other way", "wrong way", (SHIFT, SHIFT.replace("i -", "i +").replace("j -", "j +"))),
    w("3.8", "shift: columns other way", "columns move the wrong way", (SHIFT, SHIFT.replace("j -", "j +"))),
    w("3.8", "shift: exchanged", "exchanged",
      (SHIFT, "return gather(images, i - per_image(right), j - per_image(down))")),
    w("3.8", "shift: around", "comes in on the other", (SHIFT,
      "return gather(images, (i - per_image(down)) % images.shape[2], "
      "(j - per_image(right)) % images.shape[3])")),
    w("3.8", "shift: one for all", "first one",
      (SHIFT, "return gather(images, i - per_image(down)[0], j - per_image(right)[0] + 0 * "
              "per_image(down))")),
    w("3.8", "shift: np.roll", "comes in on the other", (SHIFT, "return np.stack([np.roll(x, (d, r), (1, 2)) "
      "for x, d, r in zip(images, down, right)])")),
    w("3.8", "shift: in place", "were changed", (SHIFT, "images[:] = gather(images, i - per_image(down), "
                                                      "j - per_image(right))\n    return images")),
    w("3.8", "shift: rows one for all", "down by the number of the first one", (SHIFT, SHIFT.replace("per_image(down)", "down[0]"))),
    w("3.8", "shift: slices that end", "shift (4, 3, 6, 6), down (0, 1, -4, 9)", (SHIFT, """out = np.zeros_like(images)
    H, W = images.shape[2:]
    for new, old, d, r in zip(out, images, down, right):
        new[:, max(d, 0) : H + min(d, 0), max(r, 0) : W + min(r, 0)] = old[
            :, max(-d, 0) : H - max(d, 0), max(-r, 0) : W - max(r, 0)]
    return out""")),
    w("3.8", "shift: columns stay", "columns do not move", (SHIFT, SHIFT.replace("j - per_image(right)", "j"))),
    w("3.8", "shift: columns first", "rows first", (SHIFT, "return gather(images, j - per_image(right), i - per_image(down))")),
    w("3.8", "shift: nothing to do", "shares its memory", (SHIFT, "if not np.any(down) and not np.any(right):\n        return images\n    " + SHIFT)),
    w("3.8", "crop: numbers alone", "per_image", (CROP, "return gather(images, i + top, j + left)")),
    w("3.8", "crop: rows other side", "In the rows the window", (CROP, CROP.replace("i +", "i -"))),
    w("3.8", "crop: other side", "other side", (CROP, CROP.replace("i +", "i -").replace("j +", "j -"))),
    w("3.8", "crop: exchanged", "exchanged",
      (CROP, "return gather(images, i + per_image(left), j + per_image(top))")),
    w("3.8", "crop: corner", "upper left corner", (CROP, "return gather(images, i + 0 * per_image(top), j)")),
    w("3.8", "crop: one for all", "first one", (CROP,
      "return images[:, :, top[0] : top[0] + height, left[0] : left[0] + width].copy()")),
    w("3.8", "flip: upside down", "upside down", (FLIP,
      "return gather(images, np.where(per_image(which), images.shape[2] - 1 - i, i), j)")),
    w("3.8", "flip: all", "All images are mirrored", (FLIP, "return images[..., ::-1].copy()")),
    w("3.8", "flip: the others", "others are mirrored",
      (FLIP, "return gather(images, i, np.where(per_image(which), j, images.shape[3] - 1 - j))")),
    w("3.8", "flip: off by one", "last column is W - 1", (FLIP, FLIP.replace("[3] - 1 - j", "[3] - j"))),
    w("3.8", "flip: W of the notebook", "28", (FLIP, FLIP.replace("images.shape[3] - 1 - j",
                                                               "27 - j"))),
    w("3.8", "flip: minus", "outside", (FLIP, FLIP.replace("images.shape[3] - 1 - j", "-1 - j"))),
    w("3.8", "flip: height", "height", (FLIP, FLIP.replace("shape[3]", "shape[2]"))),
    w("3.8", "flip: which alone", "per_image", (FLIP, FLIP.replace("per_image(which)", "which"))),
    w("3.8", "flip: shares memory", "shares its memory",
      (FLIP, "return images if not np.any(which) else gather(images, i, "
             "np.where(per_image(which), images.shape[3] - 1 - j, j))")),
    w("3.8", "rotate: clockwise", "clockwise", ("np.deg2rad(per_image(degrees))",
                                               "-np.deg2rad(per_image(degrees))")),
    w("3.8", "rotate: degrees", "radians", ("np.deg2rad(per_image(degrees))",
                                           "per_image(degrees) * 1.0")),
    w("3.8", "rotate: centre", "(H - 1) / 2", (MIDDLE,
      "middle_i, middle_j = images.shape[2] / 2, images.shape[3] / 2")),
    w("3.8", "rotate: corner", "upper left corner", (MIDDLE, "middle_i, middle_j = 0, 0")),
    w("3.8", "rotate: cut off", "np.rint", (TURNED,
      "return gather(images, rows.round(9).astype(int), columns.round(9).astype(int))")),
    w("3.8", "rotate: centre not added", "added again", (ROWS, ROWS.replace("middle_i + ", "")),
      (COLUMNS, COLUMNS.replace("middle_j", "0"))),
    w("3.8", "rotate: edge", "copied outwards", (TURNED,
      "return gather(images, np.rint(rows).astype(int).clip(0, images.shape[2] - 1), "
      "np.rint(columns).astype(int).clip(0, images.shape[3] - 1))")),
    w("3.8", "rotate: both sines minus", "In the row", (ROWS, ROWS.replace("+ v", "- v"))),
    w("3.8", "rotate: not rounded", "round", (TURNED, "return gather(images, rows, columns)")),
    w("3.8", "rotate: plain int", "np.rint", (TURNED,
      "return gather(images, rows.astype(int), columns.astype(int))")),
    w("3.8", "rotate: floor", "np.floor", (TURNED,
      "return gather(images, np.floor(rows).astype(int), np.floor(columns).astype(int))")),
    w("3.8", "rotate: centre //", "//", (MIDDLE,
      "middle_i, middle_j = (images.shape[2] - 1) // 2, (images.shape[3] - 1) // 2")),
    w("3.8", "rotate: centre exchanged", "exchanged", (MIDDLE,
      "middle_i, middle_j = (images.shape[3] - 1) / 2, (images.shape[2] - 1) / 2")),
    w("3.8", "rotate: H and W of the notebook", "28", (MIDDLE, "middle_i, middle_j = 13.5, 13.5")),
    w("3.8", "rotate: u and v from the corner", "count from the centre",
      ("u, v = i - middle_i, j - middle_j", "u, v = i, j")),
    w("3.8", "rotate: sine and cosine", "Sine and cosine", (ROWS, "rows = middle_i + u * np.sin(t) + "
      "v * np.cos(t)"), (COLUMNS, "columns = middle_j - u * np.cos(t) + v * np.sin(t)")),
    w("3.8", "rotate: one size for both", "one size stands in both", (MIDDLE, "middle_i = middle_j = (images.shape[2] - 1) / 2")),
    w("3.8", "rotate: a half and int", "fails below 0", (TURNED,
      "return gather(images, (rows + 0.5).astype(int), (columns + 0.5).astype(int))")),
    w("3.8", "rotate: whole degrees", "whole degrees", ("per_image(degrees)", "per_image(degrees).astype(int)")),
    w("3.8", "rotate: u and v exchanged", "sign by sign", ("u, v = i - middle_i, j - middle_j",
                                                          "v, u = i - middle_i, j - middle_j")),
    w("3.8", "rotate: both sines plus", "In the column", (COLUMNS, COLUMNS.replace("- u", "+ u"))),
    # 3.9
    w("3.9", "logits", "Logits are averaged", (CHANCES, "chances.append(model(x).data)")),
    w("3.9", "softmax of mean logits", "Logits are averaged", (CHANCES, "chances.append(model(x).data)"),
      (MEAN, "return np.exp(log_softmax(Tensor(np.mean(chances, axis=0))).data)")),
    w("3.9", "log-probabilities", "Log-probabilities", (CHANCES, "chances.append(log_softmax(model(x)).data)")),
    w("3.9", "geometric mean", "Log-probabilities", (CHANCES, "chances.append(log_softmax(model(x)).data)"),
      (MEAN, "return np.exp(np.mean(chances, axis=0))")),
    w("3.9", "sum", "take the mean", (MEAN, "return np.sum(chances, axis=0)")),
    w("3.9", "votes", "Votes", (CHANCES, "z = model(x).data\n        "
                                        "chances.append(np.eye(z.shape[1])[z.argmax(axis=1)])")),
    w("3.9", "still training", "eval", ("        model.eval()\n", "")),
    w("3.9", "training set by hand", "layers inside", ("model.eval()", "model.training = False")),
    w("3.9", "exp overflows", "1000", (CHANCES, """e = np.exp(model(x).data)
        chances.append(e / e.sum(axis=1, keepdims=True))""")),
    w("3.9", "mean over examples", "has shape", (MEAN, "return np.mean(chances, axis=1)")),
    w("3.9", "last model", "Only one model", (MEAN, "return chances[-1]")),
    w("3.9", "a Tensor", "expected an array", (MEAN, "return Tensor(np.mean(chances, axis=0))")),
    w("3.9", "no return", "return", (MEAN, "pass")),
]  # fmt: skip

RIGHT = [
    r("3.1", "standard normal, scaled", ("return rng.normal(0, " + HE + ", (n_in, n_out)).astype(dtype)",
      "return (rng.standard_normal((n_in, n_out)) * (2 / n_in) ** 0.5).astype(dtype)")),
    r("3.1", "uniform", ("return rng.normal(0, " + XAVIER + ", (n_in, n_out)).astype(dtype)",
      "b = np.sqrt(6 / (n_in + n_out))\n    return rng.uniform(-b, b, (n_in, n_out)).astype(dtype)")),
    r("3.2", "branches", (MOVE, """if self.nesterov:
                d = d + self.momentum * v
            else:
                d = v
            p.data = p.data - self.rate * d""")),
    r("3.2", "velocity in place", (V, "v = self.velocity[i]\n            v *= self.momentum\n"
                                      "            v += d")),
    r("3.2", "zip and no velocity without momentum", (V,
      "v = d if not self.momentum else self.momentum * self.velocity[i] + d\n"
      "            self.velocity[i] = v")),
    r("3.3", "torch's order", (ADAM_MOVE, """            root = np.sqrt(self.s[i]) / np.sqrt(1 - b2**self.t)
            move = (self.m[i] / (root + self.eps)) / (1 - b1**self.t)
"""), (ADAM_DATA, """if self.decoupled:
                p.data = p.data * (1 - self.rate * self.weight_decay)
            p.data = p.data - self.rate * move""")),
    r("3.3", "running means as steps", (M, "self.m[i] = self.m[i] + (1 - b1) * (g - self.m[i])"),
      (S, "self.s[i] = self.s[i] + (1 - b2) * (g * g - self.s[i])")),
    r("3.3", "a count of its own for each parameter", (COUNT, "        self.t = self.t or [0] * len(self.m)\n"),
      (G, G + "\n            self.t[i] += 1"), (ADAM_MOVE, ADAM_MOVE.replace("self.t)", "self.t[i])"))),
    r("3.4", "loops and branches", (STEP, "for _ in range(epoch // every):\n        rate = rate * factor\n"
                                          "    return rate"),
      (BETTER, "if value / (1 - self.threshold) < self.best:")),
    r("3.4", "the smaller of two", (WARM, "pass"), (COSINE, """down = np.pi * max(step - warmup, 0) / (steps - warmup)
    return min(rate * (step + 1) / max(warmup, 1), rate / 2 * (1 + np.cos(down)))""")),
    r("3.4", "half angle", (COSINE, "return rate * np.cos(np.pi / 2 * (step - warmup) / (steps - warmup)) ** 2"),
      ("self.optimizer.rate *= 0.5", "self.optimizer.rate = self.optimizer.rate / 2")),
    r("3.5", "own copies", (STOP_KEEP, "self.best, self.bad = value, 0\n            "
      "self.state = {k: v.copy() for k, v in model.state_dict().items()}")),
    r("3.5", "counter down", ("return self.bad >= self.patience", "return not self.bad < self.patience"),
      ("        if self.state is not None:\n            model.load",
       "        if self.state:\n            model.load")),
    r("3.6", "divided afterwards", (MASK, "keep = (self.rng.random(x.shape) < 1 - self.p).astype(x.dtype)\n"
                                          "        return x * keep / (1 - self.p)")),
    r("3.6", "choice", (MASK, "drop = self.rng.random(x.shape) < self.p\n"
      "        return x * np.where(drop, 0, 1 / (1 - self.p)).astype(x.dtype)")),
    r("3.7", "loop", ("    return sum(" + PRICE + ", Tensor(0.0))", """    price = Tensor(0.0)
    for w in weights:
        price = price + l1 * w.abs().sum() + 0.5 * l2 * (w**2).sum()
    return price""")),
    r("3.7", "norm of parts", (PRICE, "((w.relu() + (-w).relu()).sum() * l1 + (w * w).sum() * (l2 / 2) "
                                      "for w in weights)")),
    r("3.8", "loops", (SHIFT, """out = np.zeros_like(images)
    N, C, H, W = images.shape
    for n, (d, r) in enumerate(zip(down, right)):
        for row in range(H):
            for col in range(W):
                if 0 <= row - d < H and 0 <= col - r < W:
                    out[n, :, row, col] = images[n, :, row - d, col - r]
    return out"""), (CROP, """cut = [x[:, a : a + height, b : b + width] for x, a, b in zip(images, top, left)]
    return np.stack(cut)"""), (FLIP, """out = images.copy()
    out[which] = out[which][..., ::-1]
    return out""")),
    r("3.8", "floor of a half more", (TURNED, "return gather(images, np.floor(rows + 0.5).astype(int), "
                                              "np.floor(columns + 0.5).astype(int))")),
    r("3.9", "running sum", (CHANCES, "chances.append(np.exp(log_softmax(model(x)).data))"),
      (MEAN, "return sum(chances) / len(models)")),
    r("3.9", "softmax by hand", (CHANCES, """z = model(x).data
        e = np.exp(z - z.max(axis=1, keepdims=True))
        chances.append(e / e.sum(axis=1, keepdims=True))""")),
]  # fmt: skip
