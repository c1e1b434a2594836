import unittest

from intervals import merge


class Merge(unittest.TestCase):
    def test_apart(self):
        self.assertEqual(merge([(4, 5), (1, 2)]), [(1, 2), (4, 5)])

    def test_inside(self):
        self.assertEqual(merge([(1, 9), (2, 3)]), [(1, 9)])

    def test_touching(self):
        self.assertEqual(merge([(1, 3), (3, 5)]), [(1, 5)])


if __name__ == "__main__":
    unittest.main()
