"""CelebA: ``img_align_celeba/*.jpg``, ``list_attr_celeba.txt`` and ``list_eval_partition.txt``,
beside each other, or in the publisher's folders ``Img``, ``Anno`` and ``Eval``.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from vmbench.data.dataset import SPLITS, Card, Task
from vmbench_domains.image.photos import Photo, Photos
from vmbench_domains.image.samples import write_noise

# In the order of the publisher's columns.
# fmt: off
ATTRIBUTES = (
    "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs",
    "Big_Lips", "Big_Nose", "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows",
    "Chubby", "Double_Chin", "Eyeglasses", "Goatee", "Gray_Hair", "Heavy_Makeup",
    "High_Cheekbones", "Male", "Mouth_Slightly_Open", "Mustache", "Narrow_Eyes", "No_Beard",
    "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks", "Sideburns",
    "Smiling", "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat",
    "Wearing_Lipstick", "Wearing_Necklace", "Wearing_Necktie", "Young",
)
# fmt: on
LABELS, PARTITION = "list_attr_celeba.txt", "list_eval_partition.txt"
IMAGES = "img_align_celeba/*.jpg"


class CelebA(Photos):
    """202,599 aligned faces of 10,177 people, with 40 attributes each."""

    name = "celeba"
    revision = "2"
    places = ("celeba", "CelebA", ".")
    files = (IMAGES, LABELS, PARTITION)
    elsewhere = {
        IMAGES: (f"Img/{IMAGES}",),
        LABELS: (f"Anno/{LABELS}",),
        PARTITION: (f"Eval/{PARTITION}",),
    }
    tasks = (
        Task(
            "attributes",
            ATTRIBUTES,
            "the publisher's train, val and test, of different people",
            kind="multilabel",
        ),
    )
    card = Card(
        licence="for non-commercial research; the photographers keep their rights",
        citation="Liu, Luo, Wang, Tang 2015, Deep learning face attributes in the wild, ICCV",
        homepage="https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        notes="Attributes are one annotator's opinion, and some (Attractive, Chubby) are opinion "
        "alone: judge representations by them, not people.",
    )

    def photos(self) -> Iterator[Photo]:
        """In the order of the publisher's lists, which are read line by line."""
        images = self.path_of(IMAGES).parent
        with self.path_of(LABELS).open() as labels, self.path_of(PARTITION).open() as sides:
            count, attributes = int(labels.readline()), tuple(labels.readline().split())
            if attributes != ATTRIBUTES:
                raise ValueError(f"{LABELS} names other attributes than the publisher's")
            for line, other in zip(islice(labels, count), sides, strict=True):
                (name, *marks), (same, part) = line.split(), other.split()
                if name != same or len(marks) != len(ATTRIBUTES):
                    raise ValueError(f"{LABELS} has {name} where {PARTITION} has {same}")
                label, side = tuple(int(mark == "1") for mark in marks), SPLITS[int(part)]
                yield Photo(images / name, {"attributes": label}, {"attributes": side})

    def write_files(self, root: Path) -> None:
        """Two faces for each side, the one with the attributes that the other has not."""
        names = [f"{number:06}.jpg" for number in range(1, 7)]
        marks = [" ".join("1" if (i + k) % 2 else "-1" for k in range(40)) for i in range(6)]
        rows = [f"{name} {row}" for name, row in zip(names, marks, strict=True)]
        header = [str(len(names)), " ".join(ATTRIBUTES)]
        (root / LABELS).write_text("\n".join([*header, *rows]) + "\n")
        parts = [f"{name} {i // 2}" for i, name in enumerate(names)]
        (root / PARTITION).write_text("\n".join(parts) + "\n")
        for seed, name in enumerate(names):
            write_noise(root / "img_align_celeba" / name, seed=seed)
