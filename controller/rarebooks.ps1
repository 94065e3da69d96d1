# Runs a playbook of this collection from a container, with the inventories below the directory you are in.
# Usage: .\controller\rarebooks.ps1 build            make the container's image, once and after each update
#        .\controller\rarebooks.ps1 deploy|verify|... [OPTIONS OF ansible-playbook]
#        .\controller\rarebooks.ps1 ssh|ansible-vault|... [OPTIONS]
# No declared parameters: PowerShell would take options such as -e or -v for its own.
$ErrorActionPreference = 'Stop'
[Console]::OutputEncoding = [Text.Encoding]::UTF8
$image = if ($env:RAREBOOKS_IMAGE) { $env:RAREBOOKS_IMAGE } else { 'rarebooks-controller' }
if ($args.Count -gt 0 -and $args[0] -eq 'build') {
    $root = Split-Path $PSScriptRoot
    docker build --tag $image --file "$root/controller/Dockerfile" $root
    exit $LASTEXITCODE
}
$options = @('--rm', '--init', '--interactive', '--volume', "${PWD}:/servers", '--hostname', [Environment]::MachineName)
$options += @('--env', "LOGNAME=$([Environment]::UserName)", '--env', "RAREBOOKS_CALLED_AS=$($MyInvocation.InvocationName)")
if (-not ([Console]::IsInputRedirected -or [Console]::IsOutputRedirected)) { $options += '--tty' }
if (Test-Path "$HOME/.ssh") { $options += @('--volume', "${HOME}/.ssh:/keys:ro") }
if ($env:ANSIBLE_VAULT_PASSWORD_FILE) {
    $options += @('--volume', "$(Resolve-Path $env:ANSIBLE_VAULT_PASSWORD_FILE):/run/vault-password:ro")
    $options += @('--env', 'ANSIBLE_VAULT_PASSWORD_FILE=/run/vault-password')
}
if ($env:RAREBOOKS_DOCKER_OPTIONS) { $options += $env:RAREBOOKS_DOCKER_OPTIONS -split '\s+' }
docker run @options $image @args
exit $LASTEXITCODE
