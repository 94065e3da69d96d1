"""Commands that are printed on an adopted server, as they stand there for an operator with one inventory."""

MOVE_PROXY = "ansible-playbook deploy.yml -e stack_adopt_proxy=now"
