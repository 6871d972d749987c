"""Pictures from phones, written anew: nothing but the picture is kept of them."""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from dataclasses import dataclass
from typing import Final

from collector.problems import ProblemError

MOST_BYTES: Final = 12 * 1024 * 1024
MOST_PIXELS: Final = 40_000_000
LONGEST_SIDE: Final = 1280
QUALITY: Final = 80
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of ours, upright, without position, device and time of its making."""

    sha256: str
    jpeg: bytes


def read_photo(data: bytes) -> Photo:
    """Raises ProblemError estate.photo for what is too large, broken or no picture."""
    # A fifth of a second of imports that only pictures need.
    from PIL import Image, ImageOps, UnidentifiedImageError

    if len(data) > MOST_BYTES:
        raise ProblemError("estate.photo", f"it has {len(data):,} bytes", status=413)
    try:
        # Of a large one the memory counts.
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                width, height = picture.size
                if width * height > MOST_PIXELS:
                    raise ProblemError("estate.photo", f"it has {width} by {height} pixels")
                picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
                upright = ImageOps.exif_transpose(picture)
                upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
                plain = upright.convert("RGBA")
                ground = Image.new("RGB", plain.size, "white")
                ground.paste(plain, mask=plain.getchannel("A"))
                told = io.BytesIO()
                ground.save(told, "JPEG", quality=QUALITY, optimize=True)
    except UnidentifiedImageError:
        raise ProblemError("estate.photo", "it is neither JPEG, PNG nor WebP") from None
    except Image.DecompressionBombError:
        raise ProblemError("estate.photo", "it has far too many pixels") from None
    # A stranger's bytes: what the decoders raise for broken ones is not all documented.
    except (OSError, SyntaxError, ValueError, IndexError, EOFError, KeyError) as error:
        raise ProblemError("estate.photo", f"it is broken ({type(error).__name__})") from None
    jpeg = told.getvalue()
    return Photo(hashlib.sha256(jpeg).hexdigest(), jpeg)
