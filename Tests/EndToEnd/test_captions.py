"""Captions and texts from the upload to the picture and back to files."""

import conftest


def edit(asset, **output):
    return {
        "timeline": {
            "background": "#335577",
            "tracks": [
                {
                    "clips": [
                        {
                            "asset": {"type": "caption", "captions": asset, "style": "karaoke"},
                            "start": 0,
                            "length": "end",
                        }
                    ]
                },
                {
                    "clips": [
                        {
                            "asset": {"type": "text", "text": "Intro {title}"},
                            "start": 0.5,
                            "length": 3,
                            "transition": {"in": "fade", "out": "fade"},
                        }
                    ]
                },
            ],
        },
        "output": {
            "size": {"width": 320, "height": 180},
            "fps": "24000/1001",
            "codec": "lossless",
            "audio": {"codec": "pcm"},
        }
        | output,
    }


def test_captions_are_the_same_in_any_chunks_and_come_out_as_files(shared, tmp_path):
    path = tmp_path / "talk.vtt"
    path.write_text(
        "WEBVTT\n\n00:00.200 --> 00:02.000\nOne <00:00:00.900>two 😀\n\n"
        "00:02.000 --> 00:03.300\n&lt;three&gt; {\\b1}\n"
    )
    captions = shared.upload(path, "text/vtt")

    many = shared.wait(
        shared.start_export(edit(captions, chunkSeconds=0.7, captions=["srt", "vtt", "ass"]))
    )
    one = shared.wait(shared.start_export(edit(captions, chunkSeconds=60)))

    assert many["state"] == one["state"] == "completed", (many, one)
    assert len(many["chunks"]) >= 4
    frames = conftest.frame_hashes(shared.download(many, tmp_path / "many.mov"))
    assert frames == conftest.frame_hashes(shared.download(one, tmp_path / "one.mov"))
    assert len({hash for _, hash in frames}) > 20
    srt = conftest.http("GET", many["captionUrls"]["srt"]).body.decode()
    assert srt == (
        "1\n00:00:00,200 --> 00:00:02,000\nOne two 😀\n\n"
        "2\n00:00:02,000 --> 00:00:03,300\n<three> {\\b1}\n\n"
    )
    assert set(many["captionUrls"]) == {"srt", "vtt", "ass"}
    assert "captionUrls" not in one


def test_a_bad_caption_file_is_refused_with_its_line(shared, tmp_path):
    path = tmp_path / "bad.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:00,500\nBackwards\n")
    grant = shared.call(
        "POST",
        "/api/upload/init",
        {"filename": path.name, "contentType": "application/x-subrip", "size": path.stat().st_size},
    ).json()
    conftest.http("PUT", grant["uploadUrl"], path.read_bytes(), grant["headers"])

    answer = shared.call("POST", "/api/upload/complete", {"assetId": grant["assetId"]})

    assert answer.status == 422
    assert "line 2: ends before it starts" in answer.json()["detail"]
