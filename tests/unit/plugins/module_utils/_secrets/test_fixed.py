"""Passwords of initialised volumes: taken and proven, accepted and proven, or refused with the way out; never guessed."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import published_secrets
from ansible_collections.rarebooks.platform.plugins.module_utils._release import description
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import Secret
from ansible_collections.rarebooks.platform.plugins.module_utils._secrets.fixed import Locked, locked, prove
from docker_cli import Database, DockerCli

VOLUME = "ours_db_data"
RIGHT, WRONG = "right-password", "wrong-password"
SECRET = Locked("shop_db_password", "shop_db", "Shop", "postgres", VOLUME)


def database(**options: object) -> Database:
    common = {"environment": {"POSTGRES_PASSWORD": RIGHT}, "logins": {"postgres": RIGHT}}
    return Database(VOLUME, **{**common, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("secret", "taken"),
    [
        (SECRET, {SECRET.name: RIGHT}),
        # Given, it is proven and stored by the caller; also in the place of a wrong one that an older version generated.
        (replace(SECRET, given=RIGHT), {}),
        (replace(SECRET, given=RIGHT, stored=WRONG, read_back=False, live_user="postgres"), {}),
        # The same, and nobody gives one: that of the container opens the database.
        (replace(SECRET, stored=WRONG, read_back=False), {SECRET.name: RIGHT}),
        # A tree that does not describe itself says nothing of what is stored beside it.
        (replace(SECRET, stored=RIGHT, read_back=False), {}),
        # The store is lost, the files of the live release are not.
        (replace(SECRET, stored=RIGHT, read_back=True), {}),
    ],
)
def test_what_a_login_proves(secret: Locked, taken: dict[str, str]) -> None:
    docker = DockerCli(shop_db=database())
    assert prove(docker, [secret], [VOLUME]) == (taken, [])
    assert {command[1] for command in docker.commands} == {"container", "exec"}
    assert not {RIGHT, WRONG} & docker.words


@pytest.mark.parametrize("stored", ["", WRONG])
def test_what_only_a_backup_has_is_proven_like_that_of_a_container(stored: str) -> None:
    """As after version 0.3.0, which had made the container anew with another one, and stored that."""
    docker = DockerCli(shop_db=database(environment={"POSTGRES_PASSWORD": WRONG}))
    secret, asked = replace(SECRET, stored=stored, read_back=False), list[str]()

    def sealed(container: str) -> list[str]:
        asked.append(container)
        return [WRONG, "older", RIGHT]

    assert prove(docker, [secret], [VOLUME], sealed=sealed) == ({SECRET.name: RIGHT}, []) and asked == ["shop_db"]
    assert len([command for command in docker.commands if command[1] == "exec"]) == 3
    # A password that somebody gives is the one that is meant.
    assert prove(docker, [replace(secret, given=WRONG)], [VOLUME], sealed=sealed)[1] and asked == ["shop_db"]


@pytest.mark.parametrize(
    "secret",
    [
        replace(SECRET, stored=RIGHT, read_back=False, live_user="postgres"),
        replace(SECRET, stored=RIGHT, read_back=False, given=RIGHT, live_user="postgres"),
    ],
)
def test_nothing_is_asked_where_nothing_differs_from_the_live_release(secret: Locked) -> None:
    docker = DockerCli()
    assert prove(docker, [secret], [VOLUME]) == ({}, []) and docker.commands == []


@pytest.mark.parametrize("secret", [SECRET, replace(SECRET, given=WRONG), replace(SECRET, given=RIGHT, stored=WRONG, read_back=False)])
def test_a_volume_that_is_yet_to_be_made_opens_with_anything(secret: Locked) -> None:
    docker = DockerCli()
    assert prove(docker, [secret], ["other_db_data"]) == ({}, []) and docker.commands == []


UNFIT = "one\u2028half"
CHANGE = "`docker exec -it shop_db psql -U postgres -d Shop -c '\\password'` asks for the new one twice"


@pytest.mark.parametrize(
    ("secret", "found", "beginning", "advice"),
    [
        (
            replace(SECRET, given=WRONG),
            database(),
            "expected the password of the database Shop in container shop_db, as user 'postgres', got one with which nobody gets in: "
            'psql: error: FATAL:  password authentication failed for user "postgres". ',
            f"Take shop_db_password out of the inventory to keep the one it has, or change it first: {CHANGE}",
        ),
        (
            replace(SECRET, given=WRONG, live_user="postgres"),
            database(),
            "expected the password of the database Shop in container shop_db, as user 'postgres', got one with which nobody gets in: ",
            "or change it first: ansible-playbook rotate_secrets.yml -e secret=shop_db_password gives the database and the app another one",
        ),
        (
            SECRET,
            database(environment={"POSTGRES_PASSWORD": WRONG}),
            "expected the password of the database Shop in container shop_db, as user 'postgres', got one with which nobody gets in: ",
            "Neither what is stored here nor the environment of the container nor a backup has it; give the right one as "
            "shop_db_password in an encrypted inventory.",
        ),
        (
            replace(SECRET, stored=WRONG, read_back=True),
            database(environment={}),
            "expected the password of the database Shop in container shop_db, as user 'postgres', got one with which nobody gets in: ",
            "give the right one as shop_db_password in an encrypted inventory.",
        ),
        (
            SECRET,
            database(environment={"POSTGRES_PASSWORD_FILE": "/run/secrets/db"}),
            "expected the password with which volume ours_db_data was initialised, got none",
            "Give it as shop_db_password in an encrypted inventory.",
        ),
        (
            SECRET,
            database(status="exited"),
            "expected container shop_db to run, since only a login proves the password with which volume ours_db_data was initialised, "
            "got it exited.",
            "Start it (`docker start shop_db`), then deploy again.",
        ),
        (
            replace(SECRET, given=RIGHT, stored=WRONG, read_back=False),
            database(status="exited"),
            "expected container shop_db to run",
            "docker start shop_db",
        ),
        (
            SECRET,
            None,
            "expected the password with which volume ours_db_data was initialised, got none to take from container shop_db: there is no "
            "such container.",
            "give the password as shop_db_password in an encrypted inventory.",
        ),
        (
            SECRET,
            replace(database(), volume="other_db_data"),
            "expected the password with which volume ours_db_data was initialised, got none to take from container shop_db: that "
            "container has another volume.",
            "A new one is never generated for a volume that exists.",
        ),
        (
            replace(SECRET, user="shop", stored=RIGHT, read_back=False, live_user="postgres"),
            database(),
            "expected the user 'postgres', with which volume ours_db_data was initialised, got 'shop', who cannot log in to the database "
            "Shop in container shop_db: ",
            "Set the database user of the app to 'postgres'",
        ),
        (
            replace(SECRET, user="shop", stored=RIGHT, read_back=False, live_user="postgres"),
            None,
            "expected the user 'postgres', with which volume ours_db_data is used, got 'shop'",
            "Take the other user out of the inventory.",
        ),
        (
            SECRET,
            database(environment={"POSTGRES_PASSWORD": UNFIT}, logins={"postgres": UNFIT}),
            "expected a password of one line without control characters",
            CHANGE,
        ),
    ],
)
def test_refused_with_the_way_out(secret: Locked, found: Database | None, beginning: str, advice: str) -> None:
    docker = DockerCli(**({"shop_db": found} if found else {}))
    taken, [problem] = prove(docker, [secret], [VOLUME])
    assert taken == {}
    assert problem.startswith(f"shop_db_password: {beginning}") and advice in problem
    assert not any(value in problem for value in (RIGHT, WRONG, UNFIT))


def test_a_published_password_is_neither_taken_nor_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_secrets, "PUBLISHED_SECRETS", frozenset({hashlib.sha256(RIGHT.encode()).hexdigest()}))
    taken, [problem] = prove(DockerCli(shop_db=database()), [SECRET], [VOLUME])
    assert taken == {} and RIGHT not in problem
    assert "was printed in the public deployment guide" in problem and CHANGE in problem


def test_another_user_who_gets_in_is_accepted() -> None:
    secret = replace(SECRET, user="shop", stored=RIGHT, read_back=False, live_user="postgres")
    docker = DockerCli(shop_db=database(logins={"postgres": RIGHT, "shop": RIGHT}))
    assert prove(docker, [secret], [VOLUME]) == ({}, [])


def test_a_given_value_is_believed_where_no_database_is_there_to_be_asked() -> None:
    """Refused, nobody could ever go on: there is no container to start. The gate asks the app, and the database runs by then."""
    assert prove(DockerCli(), [replace(SECRET, given=RIGHT)], [VOLUME]) == ({}, [])


def test_everything_that_is_wrong_is_told_at_once() -> None:
    others = [replace(SECRET, name=f"{name}_password", container=name) for name in ("books", "users")]
    taken, problems = prove(DockerCli(shop_db=database()), [*others, SECRET], [VOLUME])
    assert taken == {SECRET.name: RIGHT} and len(problems) == 2


def test_secrets_find_their_databases() -> None:
    wanted = [
        Secret(name="shop_db_password", value=RIGHT, fixed=True, database="shop_db"),
        Secret(name="shop_key"),
        Secret(name="shop_salt", fixed=True),
        Secret(name="far_away_password", fixed=True, database="elsewhere"),
    ]
    databases = [
        description.Database(container="shop_db", name="Shop", user="shop", volume="db_data"),
        description.Database(container="elsewhere", name="Far", user="shop"),
    ]
    found = locked(wanted, databases, "ours", {"shop_db_password": WRONG}, {}, {"shop_db": "postgres"})
    assert found == [replace(SECRET, user="shop", given=RIGHT, stored=WRONG, read_back=False, live_user="postgres")]
    assert RIGHT not in repr(found) and WRONG not in repr(found)
    assert [one.volume for one in locked(wanted, databases, "ours", {}, {}, {}, ["db_data"])] == ["db_data"]
