"""The cats' colours, chosen by hand so that each fur shows on each background."""

import numpy as np


def _colours(text):
    """{"base": (3,) in [0, 1], …} from "base 34323b rim 5a5766 …"."""
    words = text.split()
    return {kind: np.array([int(code[at:at + 2], 16) for at in (0, 2, 4)], np.float32) / 255
            for kind, code in zip(words[::2], words[1::2], strict=True)}


# base on the forehead, shade below, rim where light grazes the edge, light on muzzle and chest
FUR = {
    "black": _colours("base 37353f shade 1c1a22 rim 6f6c7e light 504d5a stripe 787587 "
                      "ear 8a636e nose a06d76 line 121015 whisker dedce6"),
    "white": _colours("base f6f4f4 shade cbc9d5 rim ffffff light ffffff stripe aaa5b0 "
                      "ear f5b9bc nose ec8791 line 5d5560 whisker 8f8994"),
    "grey": _colours("base 949baa shade 666d7e rim b9c0cc light dde0e7 stripe 4a5061 "
                     "ear dba6ac nose c9747e line 2b2f3a whisker f6f7f9"),
    "ginger": _colours("base f29a45 shade d06f25 rim ffc07a light ffead2 stripe b64f16 "
                       "ear f8b29f nose db646a line 5a2a12 whisker fff4e6"),
    "brown": _colours("base 8d5c3c shade 613823 rim b07f5a light dcb793 stripe 41241a "
                      "ear d0948a nose b4605f line 27150d whisker f5e9de"),
    "cream": _colours("base f7e0b8 shade dcb88a rim fff1d6 light fffaef stripe c08d55 "
                      "ear f5bbaa nose e2878b line 6a4830 whisker 9c7b60"),
}
EYES = {
    "green": _colours("base 6fbe3f shade 2f7d31 glow c6ec7c"),
    "blue": _colours("base 42a2ec shade 1d5fb0 glow a9e2fb"),
    "yellow": _colours("base fac824 shade d98a12 glow fff08a"),
}
BACKGROUND = {
    "blue": _colours("base 8cbfe8 shade 5c93cc"),
    "green": _colours("base a0cf96 shade 68a673"),
    "yellow": _colours("base f5d777 shade e0b245"),
    "pink": _colours("base f5b6c4 shade de869f"),
    "purple": _colours("base bda6e0 shade 8b70bd"),
    "dark": _colours("base 596494 shade 3a4170"),
}
INK, WHITE, BLUSH = (_colours(f"is {code}")["is"] for code in ("15121a", "ffffff", "f4737a"))
