# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the room _verify says, in Russian."""

from __future__ import annotations

RUSSIAN_VERIFY = {
    "{error}": "{error}",
    # Steps.
    "Correct what the message names, then verify again.": "Исправьте то, что названо в сообщении, и проверьте ещё раз.",
    "Deploy again, or go back: {command}": "Разверните ещё раз или вернитесь назад: {command}",
    "Deploy first: {command}": "Сначала разверните: {command}",
    "Finish the set-up in a browser, at https://{host}/.": "Завершите первоначальную настройку в браузере: https://{host}/.",
    "Rotate it: {command}": "Смените его: {command}",
    "Rotate them when its users may be asked to log in again: {command}": (
        "Смените их, когда пользователям не помешает войти заново: {command}"
    ),
    "not changed for {age} days or longer: {secrets}": "не менялись {age} дн. или дольше: {secrets}",
    "The app read it at its first start: change it in the app.": "Приложение прочло его при первом запуске: смените его в приложении.",
    "Give another one, or none, then: {command}": "Задайте другой секрет или уберите его, затем: {command}",
    "Have it attached again: {command}": "Подключить снова: {command}",
    "Have it made again: {command}": "Создать заново: {command}",
    "Have it renewed: {command}": "Обновить: {command}",
    "Have it run again: {command}": "Запустить снова: {command}",
    "Have its name given back: {command}": "Вернуть имя образу: {command}",
    "If it is to run again: {command}": "Если он снова нужен: {command}",
    "If nobody needs it: {command}": "Если он никому не нужен: {command}",
    "Make it again: {command}": "Создать снова: {command}",
    "Make it as it was deployed: {command}": "Вернуть к развёрнутому состоянию: {command}",
    "Publish it at 127.0.0.1 alone, unless strangers are to use it.": (
        "Публикуйте его только на 127.0.0.1, если он не предназначен для всех."
    ),
    "See what a deploy changes: {command}": "Посмотреть, что изменит развёртывание: {command}",
    "See what can be gone back to: {command}": "Посмотреть, к чему можно вернуться: {command}",
    "See what sets it: {command}": "Посмотреть, кто их настраивает: {command}",
    "See what takes it: {command}": "Посмотреть, чем занято: {command}",
    "See where the files are: {command}": "Посмотреть, где файлы: {command}",
    "See them whole: {command}": "Посмотреть целиком: {command}",
    "See which there are: {command}": "Посмотреть, какие есть: {command}",
    "See why none was issued: {command}": "Посмотреть, почему он не выпущен: {command}",
    "See why: {log}. Have it run again: {command}": "Причина: {log}. Запустить снова: {command}",
    "Stop the app until it is mended; everybody can be anybody.": (
        "Остановите приложение до исправления: любой может выдать себя за любого."
    ),
    "Verify again in a minute.": "Проверьте ещё раз через минуту.",
    # Containers and their health.
    "runs": "работает",
    "is healthy": "здоров",
    "is still starting, {count} failed probes in a row": "ещё запускается, неудачных проверок подряд: {count}",
    "expected it healthy, got {state}, its probe says: {output}": "ожидалось healthy, получено {state}, проверка сообщает: {output}",
    "expected a container of this name, got none": "ожидался контейнер с таким именем, его нет",
    "expected it to run, got: {error}": "ожидалось, что работает; получено: {error}",
    "expected it to run, got: {error}. Likely cause: {cause}": "ожидалось, что работает; получено: {error}. Вероятная причина: {cause}",
    "it died and was restarted {count}x, last at {at}": "завершался и был перезапущен {count} раз, последний раз {at}",
    "was stopped on purpose by {by} at {at}": "остановлен намеренно: {by}, {at}",
    "belongs to project {project}, and the release has no such container": (
        "принадлежит проекту {project}, но в релизе такого контейнера нет"
    ),
    # Sites.
    "answers as it must": "отвечает как положено",
    "is not asked: {containers} was stopped on purpose": "не опрашивается: {containers} остановлен намеренно",
    "could not be asked: this machine has no way to {address}": "не удалось опросить: с этой машины нет пути к {address}",
    "From the controller: {command}": "С управляющей машины: {command}",
    "{expectation}, got: {error}": "{expectation}, получено: {error}",
    "{method} {url} at {address}, got: {error}": "{method} {url} по адресу {address}, получено: {error}",
    "expected an address in public DNS, got none": "ожидался адрес в публичном DNS, его нет",
    "expected it closed, got a connection from the controller": "ожидался закрытым, но с управляющей машины к нему есть доступ",
    "See who publishes it: {command}": "Посмотреть, кто его публикует: {command}",
    # Databases and volumes.
    "opens for its app: {tables} tables, {rows} rows": "открывается приложением; таблиц: {tables}, строк: {rows}",
    "opens for its app: {tables} tables, more than {rows} rows": "открывается приложением; таблиц: {tables}, строк больше {rows}",
    "cannot be asked: its container {container} does not run": "недоступна: её контейнер {container} не работает",
    "expected the app's login over the network to succeed, got: {error}": "ожидался вход от имени приложения по сети, получено: {error}",
    "expected the tables of backup {backup}, got none called {tables}": "ожидались таблицы из копии {backup}, нет таблиц: {tables}",
    "expected a schema that its app has made, got none": "ожидалась схема, созданная приложением, её нет",
    "expected rows, {rows} of them in backup {backup}, got none": "ожидались строки (в копии {backup} их {rows}), нет ни одной",
    "sorts text by version {now} of a library, and its indexes were built by {built}, so that rows may not be found": (
        "сортирует текст библиотекой версии {now}, а индексы построены версией {built}: часть строк может не находиться"
    ),
    "sorts text by a library of another kind ({now}) than its indexes were built by ({built}), so that rows may not be found": (
        "сортирует текст библиотекой другого вида ({now}), чем та, которой построены индексы ({built}): часть строк может не находиться"
    ),
    "Build them anew: {command}": "Построить заново: {command}",
    "Use an image of the kind of before, of Debian or of Alpine.": "Верните образ прежнего вида: на Debian или на Alpine.",
    "is there": "на месте",
    "expected a volume of this name, got none": "ожидался том с таким именем, его нет",
    "expected the {rows} rows of backup {backup}, got {left}": "ожидались строки из копии {backup} ({rows}), получено: {left}",
    "expected the data of the release that is live, got a volume that PostgreSQL initialised after its last deploy": (
        "ожидались данные работающего релиза, а том инициализирован PostgreSQL после последнего развёртывания"
    ),
    # The network and ports.
    "is found by its name on network {network}": "доступен по своему имени в сети {network}",
    "expected a network of this name, got none": "ожидалась сеть с таким именем, её нет",
    "expected it on network {network}, got it on {others}": "ожидался в сети {network}, находится в: {others}",
    "is reached by {app} alone, on network {network}": "доступна только приложению {app}, в сети {network}",
    "expected it on network {network} alone, got it on {others} too, where others than {app} reach it": (
        "ожидалась только в сети {network}, находится и в {others}, где до неё дотянутся не только контейнеры {app}"
    ),
    "expected none but containers of {app} on network {network}, where its databases are": (
        "в сети {network}, где базы данных {app}, должны быть только контейнеры этого приложения"
    ),
    "expected it to be known as {service} on network {network}, got it without that name": (
        "ожидался под именем {service} в сети {network}, но этого имени у него нет"
    ),
    "a container that is not ours answers to {names} on network {network}": "чужой контейнер отзывается на {names} в сети {network}",
    "published by the proxy": "опубликован прокси",
    "published to the world by {container}, which is not ours": "открыт для всех чужим контейнером {container}",
    "expected only the proxy to publish ports, got {container} published to the world": (
        "порты должен публиковать только прокси, но {container} открыт для всех"
    ),
    "expected it closed, got it handed on to {target} by a packet filter's rule": (
        "ожидался закрытым, но правило пакетного фильтра передаёт его на {target}"
    ),
    "expected the engine to be reached through its socket alone, got {program} on this port": (
        "Docker должен быть доступен только через сокет, но порт слушает {program}"
    ),
    # Logs.
    "no errors in {minutes} minutes": "нет ошибок за {minutes} мин",
    "{count} x in {minutes} minutes: {error}": "{count} раз за {minutes} мин: {error}",
    "{count} more kinds of errors in {minutes} minutes": "других видов ошибок за {minutes} мин: {count}",
    "{count} x in {minutes} minutes the answer was {status}": "{count} раз за {minutes} мин ответ был {status}",
    # Certificates.
    "is served with the certificate on disk, {days} days left": "отдаётся сертификат с диска, осталось дней: {days}",
    "is served with a placeholder, which no browser trusts": "отдаётся временный сертификат, которому не доверяет ни один браузер",
    "the certificate has {days} days left, until {end}": "сертификату осталось дней: {days}, до {end}",
    "its last renewal failed at {at}: {error}": "последнее обновление не удалось {at}: {error}",
    # Images and files.
    "runs the image that was deployed": "работает на развёрнутом образе",
    "its image {image} ({digest}) was made {age} days ago, so that it lacks what was mended since in all that it consists of": (
        "образ {image} ({digest}) собран {age} дн. назад: в нём нет того, что с тех пор исправлено во всём, из чего он состоит"
    ),
    "Take what its registry has now: {command}": "Возьмите то, что сейчас есть в его реестре: {command}",
    "Build or load a newer one, then deploy it: {command}": "Соберите или загрузите новый, затем разверните: {command}",
    "runs, but nothing is called {wanted} any more": "работает, но имя {wanted} больше ничему не принадлежит",
    "expected a service of this container in the Compose file, got none": "ожидался сервис этого контейнера в файле Compose, его нет",
    "expected image {wanted}, got {got}": "ожидался образ {wanted}, получен {got}",
    "expected the image that {wanted} is now, {now}, got {runs}": "ожидался нынешний образ {wanted} ({now}), работает {runs}",
    "expected a container as its Compose file and environment say today, got one that was made by others": (
        "ожидался контейнер по нынешним файлу Compose и окружению, а этот создан по другим"
    ),
    "{count} files as they were deployed": "файлов как при развёртывании: {count}",
    "a switch was cut off, so that what is live may be neither release": (
        "переключение оборвалось: работающее может не быть ни одним из релизов"
    ),
    "expected the list of the files that a deploy wrote, got none": "ожидался список файлов, записанных развёртыванием, его нет",
    "expected the file that was deployed, got none": "ожидался развёрнутый файл, его нет",
    "expected the content that was deployed, got another one, edited by hand": "ожидалось развёрнутое содержимое, файл изменён вручную",
    "expected mode {wanted}, got {mode}": "ожидались права {wanted}, получены {mode}",
    "expected a release that says what it consists of, got none in {path}": "ожидался релиз с описанием своего состава, в {path} его нет",
    # The server.
    "{run} is at work, now at: {step}. What it changes may be found halfway": (
        "сейчас работает {run}, шаг: {step}. Изменяемое им может быть застигнуто на полпути"
    ),
    "{free} MiB are free on its disk": "на диске свободно МиБ: {free}",
    "{free} MiB are free on its disk, less than a twentieth of it": "на диске свободно МиБ: {free}, меньше двадцатой части",
    "expected {wanted} MiB free on its disk, got {free}": "ожидалось свободных МиБ на диске: {wanted}, есть {free}",
    "expected inodes free on its disk, got {free} of {all}": "ожидались свободные inode на диске, осталось {free} из {all}",
    "{free} MiB are available": "доступно МиБ: {free}",
    "expected {wanted} MiB of memory available, got {free}": "ожидалось доступных МиБ памяти: {wanted}, есть {free}",
    "is right": "верны",
    "is not kept right by any time server": "их не сверяет ни один сервер времени",
    "expected the time of the controller, got {seconds} s off it": "ожидалось время управляющей машины, расхождение {seconds} с",
    "installs security updates": "устанавливает обновления безопасности",
    "expected security updates to install themselves, got none that would": "обновления безопасности должны ставиться сами, но не ставятся",
    "is on": "включено",
    "expected it enabled and active, got {enabled} and {active}": "должно быть enabled и active, получено {enabled} и {active}",
    "expected the service enabled, got {enabled}": "служба должна быть enabled, получено {enabled}",
    "its last run failed: {result}": "последний запуск не удался: {result}",
    "Docker does not answer: {error}": "Docker не отвечает: {error}",
    "could not be looked at: {error}": "не удалось проверить: {error}",
    # Snapshots elsewhere.
    "expected a repository elsewhere, got none: data and backups are on this server alone": (
        "ожидалось хранилище вне сервера, его нет: данные и копии только на этом сервере"
    ),
    "Set stack_offsite_repository, then: {command}": "Задайте stack_offsite_repository, затем: {command}",
    "is kept elsewhere, as the inventory says": "хранится и вне сервера, как сказано в инвентаре",
    "is on this server alone, and without it nobody can read the snapshots": (
        "есть только на этом сервере, а без него снимки не прочитает никто"
    ),
    "Keep it elsewhere: {command}": "Сохраните его в другом месте: {command}",
    "{doing} failed at {at}: {error}": "{doing}: не удалось, {at}: {error}",
    "no snapshot yet: the first one is made after the deploy": "снимков ещё нет: первый делается после развёртывания",
    "expected a snapshot of the last {days} days, got one that is {hours} hours old": (
        "ожидался снимок не старше стольких дней: {days}; последнему столько часов: {hours}"
    ),
    "expected a snapshot of the last {days} days, got none yet": "ожидался снимок не старше стольких дней: {days}; пока нет ни одного",
    "no snapshot of it was restored to prove it for more than {days} days": "снимки не проверялись восстановлением столько дней: {days}",
    "{what} is of {at}, which has not been yet: the clock of this server was wrong then, or is now": (
        "{what}: {at}, это время ещё не наступило: часы сервера были тогда неверны или неверны сейчас"
    ),
    "the newest backup": "последняя копия",
    "the last snapshot": "последний снимок",
    "a snapshot in it": "снимок в нём",
    "the last drill": "последнее пробное восстановление",
    "the last check": "последняя проверка",
    "the last drill left something out: {error}": "последнее пробное восстановление кое-что пропустило: {error}",
    "Prove one: {command}": "Проверить восстановлением: {command}",
    "Make one: {command}": "Сделать снимок: {command}",
    "See why: {command}": "Посмотреть причину: {command}",
    "is not followed, as the inventory says: what was written since the last snapshot can be lost": (
        "не ведётся, как указано в инвентаре: записанное после последнего снимка может быть потеряно"
    ),
    "nobody has followed the databases since {at}": "за базами данных никто не следит с {at}",
    "its log is elsewhere, all but that of the last minute": "журнал базы хранится вне сервера, кроме последней минуты",
    "its log could not be restored: {error}": "журнал базы не удалось восстановить: {error}",
    "no drill has restored its log since {at}": "журнал базы не восстанавливали для проверки с {at}",
    "its log is not followed yet: {error}": "журнал базы ещё не ведётся: {error}",
    "its log is not received since {at}: {error}": "журнал базы не принимается с {at}: {error}",
    "the receiver of its log is {size} MiB behind": "приём журнала отстаёт на столько МиБ: {size}",
    "{size} MiB of its log wait on this disk for a repository": "на этом диске ждут отправки в хранилище столько МиБ журнала: {size}",
    "its log was last brought to {where} at {at}: {error}": "журнал последний раз отправлен в {where}: {at}: {error}",
    "its log has a gap since {at}, and {where} has no base from after it: {error}": (
        "в журнале разрыв с {at}, и в {where} нет основы, снятой после него: {error}"
    ),
    "{where} is another repository since {at}, and has no base of it yet, so that no second can be restored: {error}": (
        "{where} с {at} другое хранилище, и основы в нём ещё нет: ни к одной секунде вернуться нельзя: {error}"
    ),
    "a restore to a moment was killed: its copy of the database is still in {path}": (
        "восстановление на момент времени было прервано: его копия базы ещё лежит в {path}"
    ),
    "The next run removes it: {command}": "Её уберёт ближайший запуск: {command}",
    "no new base in {where}: {error}": "новая основа не попала в {where}: {error}",
    "no base in {where} yet: until then no second can be restored": (
        "основы в {where} ещё нет: до тех пор нельзя вернуться ни к одной секунде"
    ),
    "the last base in {where} is of {at}": "последняя основа в {where} снята {at}",
    "the last snapshot is {hours} hours old": "последнему снимку столько часов: {hours}",
    "the last snapshot is not whole: {error}": "последний снимок неполон: {error}",
    "was last checked at {at}, longer ago than {days} days": "последняя проверка {at}, раньше чем столько дней назад: {days}",
    "Check it: {command}": "Проверить: {command}",
    # Backups.
    "is {age} days old": "возраст в днях: {age}",
    "none yet: the next deploy that changes something seals the first": "пока нет: первую создаст ближайшее развёртывание с изменениями",
    "expected a backup of the last {days} days, got one that is {age} days old": (
        "ожидалась копия не старше стольких дней: {days}, возраст последней: {age}"
    ),
    "expected a backup of the last {days} days, got none": "ожидалась копия не старше стольких дней: {days}, нет ни одной",
    # Security.
    "none that was published is in force": "опубликованные секреты не используются",
    "expected a secret of this server's own, got one in {variable} that was published": (
        "в {variable} опубликованный секрет вместо собственного"
    ),
    "expected the file of the server's secrets, got none": "ожидался файл секретов сервера, его нет",
    "expected a file that root alone reads, got mode {mode} of user {user}": (
        "файл должен читать только root, получены права {mode}, пользователь {user}"
    ),
    "expected its set-up to be over, got one that whoever comes first may do": "первоначальная настройка открыта: её может выполнить любой",
    "is confined as its Compose file says": "ограничен, как сказано в файле Compose",
    "runs as it was made by hand, and is confined from its own next release on": (
        "работает таким, каким его сделали вручную; будет ограничен со следующего своего релиза"
    ),
    "expected it confined as its Compose file says, got it without {lacking}": (
        "должен быть ограничен, как сказано в файле Compose, не хватает: {lacking}"
    ),
    "Have it confined again: {command}": "Ограничить снова: {command}",
    "refuses tokens that nobody here signed": "отвергает чужие токены",
    "expected a token {kind} to be refused, got: {error}": "ожидался отказ токену {kind}, получено: {error}",
    "signed with a key that nobody has": "с подписью случайным ключом",
    "signed with an empty key": "с подписью пустым ключом",
    "signed with the key that the image of {container} brings": "с подписью ключом из образа {container}",
    "without a signature": "без подписи",
}
