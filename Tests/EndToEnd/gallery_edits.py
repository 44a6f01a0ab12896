"""The gallery's edits, one short example of each feature, and their sources."""

import conftest

# The output of each example.
OUTPUT = {"size": {"width": 640, "height": 360}, "fps": 25, "preset": "veryfast"}
GRADIENT = "gradients=s={size}:r=25:d=12:n=3:"
FILMS = {
    "sea": GRADIENT + "seed=1:c0=0x0b3d5c:c1=0x3fa7d6:c2=0x9bd1e5:speed=0.03",
    "fire": GRADIENT + "seed=2:c0=0x5c0b0b:c1=0xff6b35:c2=0xffd23f:speed=0.04",
    "wood": GRADIENT + "seed=3:c0=0x1b3a1b:c1=0x4f772d:c2=0xecf39e:speed=0.02",
    "test": "testsrc2=s={size}:r=25:d=12",
}
MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".png": "image/png",
    ".m4a": "audio/mp4",
    ".wav": "audio/wav",
}


def make_sources(folder, size="1280x720", lossless=False):
    """Writes the films, the photo, the logo and the music into the folder.

    Lossless sources decode to the same frames and samples whichever encoder
    wrote them.
    """
    height = int(size.partition("x")[2])
    film_codecs = (
        ["-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", "-c:a", "pcm_s16le"]
        if lossless
        else ["-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac"]
    )
    for index, (name, picture) in enumerate(FILMS.items()):
        label = (
            f"drawtext=font=DejaVu Sans:text='{name} %{{pts\\:hms}}':fontsize={height * 64 // 720}:"
            "fontcolor=white:borderw=3:x=(w-tw)/2:y=h*0.08"
        )
        conftest.ffmpeg(
            *("-f", "lavfi", "-i", picture.format(size=size)),
            *("-f", "lavfi", "-i", f"sine={220 * (index + 2)}:r=48000:d=12"),
            *("-vf", label, "-t", "12", *film_codecs, "-g", "50", "-pix_fmt", "yuv420p"),
            folder / (name + (".mov" if lossless else ".mp4")),
        )
    conftest.ffmpeg(
        *("-f", "lavfi", "-i", "mandelbrot=s=720x1080:r=1", "-frames:v", "1"),
        folder / "photo.png",
    )
    conftest.ffmpeg(
        *("-f", "lavfi", "-i", "color=black@0:s=300x300,format=rgba", "-frames:v", "1"),
        *("-vf", "geq=r=255:g=180:b=0:a='255*lt(hypot(X-150,Y-150),140)'"),
        folder / "logo.png",
    )
    conftest.ffmpeg(
        *("-f", "lavfi", "-i", "sine=110:r=48000:d=20"),
        *([folder / "music.wav"] if lossless else ["-c:a", "aac", folder / "music.m4a"]),
    )


def upload(emulator, folder):
    """The assets of the sources in the folder, by name without suffix."""
    return {
        path.stem: emulator.upload(path, MEDIA_TYPES[path.suffix])
        for path in sorted(folder.iterdir())
    }


def examples(a):
    """(group, name, request): every request is one export."""

    def film(name="sea", **more):
        return {"type": "video", "assetId": a[name], **more}

    def track(*clips):
        return {"clips": list(clips)}

    def edit(*tracks, output=None, **timeline):
        return {
            "timeline": {"tracks": list(tracks), **timeline},
            "output": {**OUTPUT, **(output or {})},
        }

    def one(length=3, asset=None, **clip):
        return edit(track({"asset": asset or film("test"), "length": length, **clip}))

    photo = {"type": "image", "assetId": a["photo"]}
    logo = {"type": "image", "assetId": a["logo"]}
    words = [
        {"word": word, "start": 0.2 + 0.35 * index, "end": 0.5 + 0.35 * index}
        for index, word in enumerate("every single word stands up when it is said".split())
    ]
    base = {"asset": film("sea"), "length": 4}
    result = []

    def add(group, name, request):
        result.append((group, name, request))

    for fit in ["crop", "contain", "cover", "none", "blur"]:
        add("Fit", fit, one(2, photo, fit=fit))
    add("Fit", "crop with focus at the top", one(2, photo, focus={"y": 0.1}))
    add("Fit", "asset.crop", one(2, film("test", crop={"left": 0.3, "bottom": 0.4})))
    add(
        "Place",
        "scale and position",
        edit(
            track(
                {
                    "asset": logo,
                    "length": "end",
                    "start": 0,
                    "scale": 0.3,
                    "fit": "contain",
                    "position": "topRight",
                    "offset": {"x": -0.03, "y": -0.05},
                }
            ),
            track(base),
        ),
    )
    add(
        "Place",
        "rotation",
        edit(
            track({"asset": film("fire"), "length": 4, "scale": 0.5, "rotation": -12}), track(base)
        ),
    )
    add(
        "Place",
        "opacity",
        edit(track({"asset": film("fire"), "length": 4, "opacity": 0.5}), track(base)),
    )
    add(
        "Place",
        "colour clip and background",
        edit(
            track({"asset": {"type": "color", "color": "#ffb400"}, "length": 3, "scale": 0.6}),
            background="#102030",
        ),
    )
    for name, effects in {
        "brightness": {"brightness": 0.25},
        "contrast": {"contrast": 1.8},
        "saturation": {"saturation": 2.2},
        "greyscale": {"greyscale": True},
        "negative": {"negative": True},
        "blur": {"blur": 0.02},
    }.items():
        add("Effects", name, one(2, film("fire"), effects=effects))
    add("Time", "speed 2", one(3, film("test", speed=2)))
    add("Time", "speed 0.5", one(3, film("test", speed=0.5)))
    add(
        "Time",
        "output.range",
        edit(
            track(base, {"asset": film("fire"), "length": 4}),
            output={"range": {"start": 3, "length": 2}},
        ),
    )
    for kind in [
        "fade",
        "dissolve",
        "wipeleft",
        "slideup",
        "circleopen",
        "radial",
        "pixelize",
        "smoothright",
        "diagtl",
        "hblur",
        "squeezev",
        "zoomin",
    ]:
        add(
            "Transitions",
            kind,
            edit(
                track(
                    {"asset": film("sea"), "length": 2},
                    {
                        "asset": film("fire"),
                        "length": 2,
                        "transition": {"in": kind, "length": 1, "overlap": True},
                    },
                )
            ),
        )
    add(
        "Transitions",
        "in and out over what lies below",
        edit(
            track(
                {
                    "asset": film("fire"),
                    "start": 0.5,
                    "length": 3,
                    "scale": 0.6,
                    "transition": {"in": "slideleft", "out": "circleclose", "length": 0.8},
                }
            ),
            track(base),
        ),
    )
    add(
        "Text",
        "title",
        edit(
            track(
                {
                    "asset": {"type": "text", "text": "A day at sea"},
                    "start": 0,
                    "length": 3,
                    "transition": {"in": "fade", "out": "fade", "length": 0.6},
                }
            ),
            track(base),
        ),
    )
    add(
        "Text",
        "lower third",
        edit(
            track(
                {
                    "asset": {
                        "type": "text",
                        "text": "Ada Lovelace\nmathematician",
                        "style": "lowerThird",
                    },
                    "start": 0,
                    "length": 3,
                }
            ),
            track(base),
        ),
    )
    for style in ["highlight", "karaoke", "scale", "box"]:
        add(
            "Captions",
            style,
            edit(
                track(
                    {
                        "asset": {"type": "caption", "words": words, "style": style},
                        "start": 0,
                        "length": "end",
                    }
                ),
                track(base),
            ),
        )
    add(
        "Kinds of edit",
        "multicam",
        edit(
            track(
                {
                    "asset": {
                        "type": "multicam",
                        "audio": "A",
                        "angles": {"A": a["sea"], "B": a["fire"], "C": a["wood"]},
                        "switches": [
                            {"at": 0, "angle": "A"},
                            {"at": 1.2, "angle": "B"},
                            {"at": 2.4, "angle": "C"},
                            {"at": 3.2, "angle": "A"},
                        ],
                    },
                    "length": 4,
                }
            )
        ),
    )
    add(
        "Kinds of edit",
        "clip",
        {
            "clip": {
                "assetId": a["test"],
                "start": 2,
                "end": 6,
                "fit": "blur",
                "captions": {
                    "words": [
                        {**word, "start": word["start"] + 2, "end": word["end"] + 2}
                        for word in words
                    ]
                },
                "title": "Wait for it",
            },
            "output": {"size": {"width": 360, "height": 640}, "fps": 25},
        },
    )
    add(
        "Kinds of edit",
        "variations",
        {
            "variations": {"assets": [a["test"]], "count": 2, "seed": 7},
            "output": {"size": {"width": 640, "height": 360}, "preset": "veryfast"},
        },
    )
    add(
        "Audio",
        "ducking soundtrack, volume points",
        edit(
            track(
                {
                    "asset": film(
                        "test",
                        volume=[
                            {"at": 0, "volume": 0},
                            {"at": 2, "volume": 1},
                            {"at": 4, "volume": 0},
                        ],
                    ),
                    "length": 4,
                }
            ),
            soundtrack={"assetId": a["music"], "ducking": True, "volume": 0.6},
        ),
    )
    for name in ["gif", "png", "webm"]:
        add(
            "Formats",
            name,
            edit(
                track({"asset": film("fire"), "length": 2}),
                output={
                    "format": name,
                    "preset": "ultrafast",
                    **({"fps": 10} if name == "gif" else {}),
                },
            ),
        )
    return result
