"""Image files of every depth and colour: values in 0..1 by hand, or one line that refuses them."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from vmbench.data.specs import Grid
from vmbench.errors import UserError
from vmbench.registry import registry
from vmbench_domains.image.pixels import fit_image
from vmbench_domains.image.reading import ImageReader
from vmbench_domains.image.samples import write_noise

RAMP = np.linspace(0, 65535, 32 * 32).reshape(32, 32).astype(np.uint16)


def folder(root, **files):
    """Two classes of noise, and files to look at in a third."""
    for i in range(6):
        write_noise(root / "ab"[i % 2] / f"{i}.png", seed=i)
    (root / "c").mkdir()
    for name, content in files.items():
        path = root / "c" / name.replace("_", ".")
        path.write_bytes(content)
    return root


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def read(root, settings=""):
    """What is read of class c, and what is said."""
    (root / "vmbench.toml").write_text(settings)
    dataset = registry("domain").get("image").dataset("image-folder").bind(root)
    made = list(dataset.examples())
    third = [x.x for x in made if dataset.tasks[0].classes[x.labels["label"]] == "c"]
    return third, " | ".join(dataset.remarks)


def refused(root, settings=""):
    with pytest.raises(UserError) as caught:
        read(root, settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def pgm(pixels, greatest):
    header = f"P5 {pixels.shape[1]} {pixels.shape[0]} {greatest}\n".encode()
    return header + pixels.astype(">u2" if greatest > 255 else np.uint8).tobytes()


def tiff(pixels, bits, sample_format=1, photometric=1, order="<"):
    """An uncompressed grey TIFF 6.0, written from its specification, not by pillow."""
    data = pixels.tobytes()
    tags = [(256, 4, pixels.shape[1]), (257, 4, pixels.shape[0]), (258, 3, bits), (259, 3, 1),
            (262, 3, photometric), (273, 4, 8), (277, 3, 1), (278, 4, pixels.shape[0]),
            (279, 4, len(data)), (339, 3, sample_format)]  # fmt: skip
    start = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 8 + len(data))
    entries = b"".join(
        struct.pack(order + "HHI", tag, kind, 1)
        + (struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value))
        for tag, kind, value in tags
    )
    return start + data + struct.pack(order + "H", len(tags)) + entries + bytes(4)


def twelve_bits(pixels):
    """Two values in three bytes, each row to whole bytes: BitsPerSample 12 of TIFF 6.0."""
    pairs = pixels.reshape(-1, 2).astype(np.uint32)
    whole = (pairs[:, 0] << 12) | pairs[:, 1]
    return (
        np.stack([whole >> 16, whole >> 8 & 255, whole & 255], 1)
        .astype(np.uint8)
        .reshape(len(pixels), -1)
    )


@pytest.mark.parametrize("content", [
    saved(Image.fromarray(RAMP), "PNG"),
    saved(Image.fromarray(RAMP), "TIFF"),
    tiff(RAMP, 16),
    tiff(RAMP.astype(">u2"), 16, order=">"),
    tiff(65535 - RAMP, 16, photometric=0),
    pgm(RAMP, 65535),
    saved(Image.fromarray((RAMP / 65535).astype(np.float32)), "TIFF"),
    tiff((RAMP / 65535).astype("<f4"), 32, 3),
])  # fmt: skip
def test_a_ramp_of_16_bits_or_floats_stays_a_ramp(content, tmp_path):
    kind = {b"\x89P": "r_png", b"P5": "r_pgm"}.get(content[:2], "r_tif")
    (x,), _ = read(folder(tmp_path, **{kind: content}))
    np.testing.assert_allclose(x, np.broadcast_to(RAMP / 65535, (3, 32, 32)), atol=1e-6)


def test_the_scale_of_16_bits_is_the_types_not_the_files(tmp_path):
    dark = saved(Image.fromarray(RAMP // 2), "PNG")
    found, said = read(
        folder(tmp_path, dark_png=dark, ramp_png=saved(Image.fromarray(RAMP), "PNG"))
    )
    np.testing.assert_allclose(found[0][0], (RAMP // 2) / 65535, atol=1e-6)
    np.testing.assert_allclose(found[1][0], RAMP / 65535, atol=1e-6)
    assert "images of 16 bits: divided by 65535 (greatest value 65535)" in said


def test_pgm_says_its_greatest_value_and_tiff_its_bits(tmp_path):
    values = RAMP.astype(np.uint32) >> 4  # 0..4095
    packed = twelve_bits(values)
    data = tiff(values.astype(np.uint16), 12)
    # The same tags, with the packed rows in place of the pixels.
    whole = bytearray(tiff(packed, 12))
    ifd = struct.unpack("<I", whole[4:8])[0]
    struct.pack_into("<I", whole, ifd + 2 + 8, 32)  # ImageWidth in pixels, not bytes
    assert len(whole) < len(data)
    found, _ = read(folder(tmp_path, a_pgm=pgm(values, 4095), b_tif=bytes(whole)))
    for x in found:
        np.testing.assert_allclose(x[0], values / 4095, atol=1e-4)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_fewer_bits_in_a_container_of_16_are_asked_for(bits, tmp_path):
    values = RAMP >> (16 - bits)
    root = folder(tmp_path, x_png=saved(Image.fromarray(values), "PNG"))
    assert f"say bits = {bits} in vmbench.toml" in refused(root)
    (x,), _ = read(root, f"bits = {bits}")
    np.testing.assert_allclose(x[0], values / (2**bits - 1), atol=1e-6)
    (x,), _ = read(root, "bits = 16")
    np.testing.assert_allclose(x[0], values / 65535, atol=1e-6)
    assert f"which are not of {bits - 1} bits" in refused(root, f"bits = {bits - 1}")


@pytest.mark.parametrize(("content", "message"), [
    (tiff(RAMP.astype("<i4") * 1000, 32, 2), "whole numbers of 32 bits or with a sign, from 0 to"),
    (tiff((RAMP.astype(np.int32) - 32768).astype("<i2"), 16, 2), "with a sign, from -32768 to"),
    (tiff((RAMP / 257).astype("<f4"), 32, 3), "floats from 0 to 255"),
    (tiff((RAMP / 32767.5 - 1).astype("<f4"), 32, 3), "floats from -1 to 1"),
    (tiff(np.where(RAMP < 9, np.nan, RAMP / 65535).astype("<f4"), 32, 3), "floats from nan to nan"),
    (tiff((RAMP / 65535 / 255).astype("<f4"), 32, 3), "no value of its images of floats is above"),
])  # fmt: skip
def test_values_that_mean_nothing_by_themselves_are_refused(content, message, tmp_path):
    assert message in refused(folder(tmp_path, x_tif=content))


def test_masks_of_0_and_1_in_bytes_are_refused(tmp_path):
    for i in range(6):
        path = tmp_path / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray((np.arange(400).reshape(20, 20) % (i + 2) == 0).astype(np.uint8)).save(path)
    assert "no value of its images of 8 bits is above 1 of 255; they would be black" in refused(
        tmp_path
    )


def test_one_bit_and_palettes_are_what_they_show(tmp_path):
    black = np.zeros((32, 32), np.uint8)
    black[:, 16:] = 255
    bit = saved(Image.fromarray(black).convert("1"), "PNG")
    fax = saved(Image.fromarray(black).convert("1"), "TIFF", compression="group4")
    colours = Image.fromarray(np.stack([black, 255 - black, black * 0], 2)).quantize(4)
    found, _ = read(folder(tmp_path, a_png=bit, b_tif=fax, c_gif=saved(colours, "GIF")))
    for x in found[:2]:
        np.testing.assert_array_equal(x, np.broadcast_to(black / 255, (3, 32, 32)))
    np.testing.assert_array_equal(found[2][:2], np.stack([black, 255 - black]) / 255)


def test_what_is_transparent_is_white_and_what_is_not_is_untouched(tmp_path):
    pixels = np.zeros((32, 32, 4), np.uint8)  # a black drawing on nothing
    pixels[8:24, 8:24, 3] = 255
    pixels[0, 0] = (200, 100, 0, 128)
    opaque = np.random.default_rng(0).integers(0, 256, (32, 32, 4), dtype=np.uint8)
    opaque[..., 3] = 255
    palette = Image.fromarray(pixels[..., 3]).quantize(2)
    palette.info["transparency"] = int(np.asarray(palette)[1, 1])
    contents = [saved(Image.fromarray(x), "PNG") for x in (pixels, opaque)]
    found, said = read(folder(tmp_path, a_png=contents[0], b_png=contents[1],
                              c_png=saved(palette, "PNG")))  # fmt: skip
    expected = np.where(pixels[..., 3] == 255, 0.0, 1.0)
    np.testing.assert_array_equal(found[0][:, 1:, 1:], np.stack([expected] * 3)[:, 1:, 1:])
    laid = (np.array([200, 100, 0]) * 128 + 255 * 127) / 255 / 255
    np.testing.assert_allclose(found[0][:, 0, 0], laid, atol=1 / 255)
    np.testing.assert_array_equal(found[1], opaque[..., :3].transpose(2, 0, 1) / np.float32(255))
    assert found[2][0, 1, 1] == 1
    assert "what is transparent is laid on white: 2 images (c/a.png, c/c.png)" in said


def test_exif_orientation_is_followed_and_said(tmp_path):
    pixels = np.zeros((32, 32), np.uint8)
    pixels[:16] = 255  # white above
    exif = Image.Exif()
    exif[0x0112] = 3  # turned by 180 degrees
    plain = Image.Exif()
    plain[0x0112] = 1
    root = folder(tmp_path, a_jpg=saved(Image.fromarray(pixels), "JPEG", exif=exif, quality=95),
                  b_jpg=saved(Image.fromarray(pixels), "JPEG", exif=plain, quality=95))  # fmt: skip
    (turned, upright), said = read(root)
    assert turned[0, :14].max() < 0.1 < 0.9 < turned[0, 18:].min()
    assert upright[0, 18:].max() < 0.1 < 0.9 < upright[0, :14].min()
    assert "turned as their EXIF orientation says: 1 images (c/a.jpg)" in said


def test_cmyk_several_frames_and_pages_are_said(tmp_path):
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    inks = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
    found, said = read(folder(
        tmp_path, a_gif=saved(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        b_tif=saved(frames[0], "TIFF", save_all=True, append_images=frames[1:]),
        c_jpg=saved(inks, "JPEG", quality=95), d_tif=saved(inks, "TIFF"),
    ))  # fmt: skip
    for x in found:
        np.testing.assert_allclose(x.mean((1, 2)), [1, 0, 0], atol=0.03)
    assert "of several frames or pages, the first is read: 2 images (c/a.gif, c/b.tif)" in said
    assert "CMYK, converted without a colour profile: 2 images (c/c.jpg, c/d.tif)" in said


def test_colours_of_16_bits_keep_their_upper_bits_and_12_in_16_are_refused(tmp_path):
    def chunk(kind, data):
        import zlib

        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    def png(values):
        import zlib

        rows = np.stack([values, values, values], 2).astype(">u2")
        raw = b"".join(b"\0" + row.tobytes() for row in rows)
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 16, 2, 0, 0, 0))
        data = chunk(b"IDAT", zlib.compress(raw))
        return b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b"")

    (x,), _ = read(folder(tmp_path, x_png=png(RAMP)))
    np.testing.assert_allclose(x[0], RAMP / 65535, atol=1 / 255)
    (tmp_path / "c/x.png").write_bytes(png(RAMP >> 4))
    assert "no value of its images of 16 bits is above 3840" in refused(tmp_path)
    assert "of which pillow keeps the upper 8" in refused(tmp_path, "bits = 12")


def test_grey_is_read_from_colours_and_back(tmp_path):
    root = folder(tmp_path, x_png=saved(Image.fromarray(RAMP), "PNG"))
    (x,), _ = read(root, "channels = 1")
    np.testing.assert_allclose(x, RAMP[None] / 65535, atol=1e-6)


def test_files_that_are_no_images_are_named_and_counted(tmp_path):
    jpeg = saved(Image.effect_noise((40, 40), 50), "JPEG")
    root = folder(tmp_path, cut_jpg=jpeg[: len(jpeg) // 2], empty_png=b"", page_jpg=b"<html>404")
    for i in range(20):
        write_noise(root / "c" / f"{i}.png", seed=100 + i)
    found, said = read(root)
    assert len(found) == 20
    assert "skipped 3 of 29 images that cannot be read: c/cut.jpg (" in said
    assert "c/empty.png" in said
    assert "c/page.jpg" in said


def test_the_tags_of_the_written_tiffs_are_what_they_claim():
    with Image.open(io.BytesIO(tiff(RAMP, 16))) as image:
        assert isinstance(image, TiffImagePlugin.TiffImageFile)
        np.testing.assert_array_equal(np.asarray(image), RAMP)


def test_a_large_jpeg_is_decoded_at_a_reduced_size_to_nearly_the_same_values(tmp_path):
    coarse = np.random.default_rng(3).integers(0, 255, (9, 12, 3)).astype(np.uint8)
    large = Image.fromarray(coarse).resize((800, 600), Image.Resampling.BICUBIC)
    path, png = tmp_path / "x.jpg", tmp_path / "x.png"
    large.save(path, quality=95)
    large.save(png)
    reader = ImageReader(Grid(3, 32, 32))
    assert reader.read(path).size == (800, 600)
    assert reader.read(png, reduced=True).size == (800, 600)
    reduced = reader.read(path, reduced=True)
    assert reduced.size == (100, 75)  # an eighth: twice 32 pixels are left
    exact = fit_image(reader.read(png), Grid(3, 32, 32))
    assert abs(fit_image(reduced, Grid(3, 32, 32)) - exact).mean() < 0.01
