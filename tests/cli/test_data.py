"""Files are loaded with what was found in them, and what could not be used is set aside."""


def test_a_load_says_what_it_found_and_what_it_left_out(empty_shop):
    empty_shop.write("in.csv", "customer_id;points;other\n1;5;x\n2;many;x\n".encode("utf-16"))
    status, out = empty_shop("load", "customer", "in.csv")
    assert status == 0
    for part in ("utf-16", "';'", "inserted 1", "1 row rejected", "ignored: other", "quarantine"):
        assert part in out
    assert "campanile plan" in out.splitlines()[-1]


def test_the_same_file_again_changes_nothing(shop):
    assert shop.json("load", "customer", "in.csv")["same_file_as_before"] is True
    assert "nothing changed" in shop("load", "customer", "in.csv")[1]


def test_a_file_without_one_usable_row_is_refused(empty_shop):
    empty_shop.write("in.csv", "customer_id,points\n1,many\n2,few\n")
    assert empty_shop("load", "customer", "in.csv")[0] == 1


def test_deleting_takes_the_listed_keys_away(shop):
    shop.write("gone.csv", "customer_id\n1\n2\n")
    found = shop.json("load", "customer", "gone.csv", "--mode", "delete")
    assert (found["changes"]["deleted"], found["rows"]) == (2, 18)


def test_what_cannot_be_a_file_of_rows_is_refused(shop):
    for name, content in {
        "empty.csv": b"",
        "binary.csv": bytes(range(256)),
        "keyless.csv": b"points\n1\n",
    }.items():
        shop.write(name, content)
        assert shop("load", "customer", name)[0] == 1, name
    assert shop("load", "customer", "nowhere.csv")[0] == 1
    assert shop("load", "nobody", "in.csv")[0] == 1
    assert shop("load", "customer", "in.csv", "--delimiter", "ab")[0] == 2
    assert shop.json("entities", "customer")[0]["version"] == 1
