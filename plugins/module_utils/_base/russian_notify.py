# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What notifications and the watch say, in Russian."""

from __future__ import annotations

RUSSIAN_NOTIFY = {
    "… and {count} more: {command}": "… и ещё {count}: {command}",
    "Next: {command}": "Дальше: {command}",
    "{mark} {subject}": "{mark} {subject}",
    "{mark} {subject}: {text}": "{mark} {subject}: {text}",
    "the watch of this server fails": "наблюдение за сервером не работает",
    "a test message": "проверочное сообщение",
    "Whoever reads this is told how deploys and rollbacks end, and what breaks on this server.": (
        "Кто это читает, узнаёт, чем кончились развёртывания и откаты и что сломалось на этом сервере."
    ),
    # runs.py
    "deployed, and the new release serves": "развёрнут новый релиз, он работает",
    "rolled back, and the release of the backup serves": "откат выполнен, работает релиз из копии",
    "certificates were renewed": "сертификаты продлены",
    "the new release failed, and the one before it serves again": "новый релиз не заработал, снова работает прежний",
    "LOOK NOW: a release failed, and nothing proves that the one before it serves": (
        "СРОЧНО: релиз не заработал, и не доказано, что работает прежний"
    ),
    "a run failed": "запуск завершился ошибкой",
    "a run died before its end": "запуск оборвался, не дойдя до конца",
    "restarted in the middle of a deploy, which was then completed": "перезагружен посреди развёртывания, оно доведено до конца",
    "restarted in the middle of a switch, and the release before it serves again": (
        "перезагружен посреди переключения, снова работает прежний релиз"
    ),
    "deploy": "развёртывание",
    "rollback": "откат",
    "renewal": "продление сертификатов",
    "recovery": "восстановление после перезагрузки",
    "snapshot": "снимок в удалённое хранилище",
    "repository check": "проверка хранилища снимков",
    "repository prune": "очистка хранилища снимков",
    "repository unlock": "снятие блокировки хранилища снимков",
    "drill": "пробное восстановление",
    "restart of the server": "перезагрузка сервера",
    "hardening of the server": "усиление защиты сервера",
    "undoing the hardening of the server": "отмена усиления защиты сервера",
    "done": "выполнено",
    "{action}: {result}": "{action}: {result}",
    "{action} by {by}, after {seconds} s": "{action}, запустил {by}, заняло секунд: {seconds}",
    "Backup: {backup}": "Копия: {backup}",
    "It had come as far as: {step}": "Дошло до шага: {step}",
    "Error: {error}": "Ошибка: {error}",
    # notifications.py of _verify
    "has not looked at this server since {looked}": "не проверяло этот сервер с {looked}",
    "looks at this server every five minutes": "проверяет этот сервер каждые пять минут",
    "takes messages": "принимает сообщения",
    "has taken nothing since {since}: {error}": "ничего не принимает с {since}: {error}",
    "Correct it in the inventory, and deploy.": "Исправьте в инвентаре и разверните заново.",
    # watch.py of _verify
    "broken: {things}": "сломано: {things}",
    "needs attention: {things}": "требует внимания: {things}",
    "all right again: {things}": "снова в порядке: {things}",
    "the server can be verified": "сервер можно проверить",
    "the server cannot be verified: {error}": "сервер не удаётся проверить: {error}",
    "no run is unfinished": "незавершённых запусков нет",
    "{action} by {by} has been at work for hours, at: {step}": "{action} (запустил {by}) работает уже несколько часов, шаг: {step}",
    "{action} by {by} has died at: {step}": "{action} (запустил {by}): запуск оборвался на шаге: {step}",
}
