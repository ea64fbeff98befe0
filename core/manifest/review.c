// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables of what secrets are called and how they begin. */
#include "core/manifest/review.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/manifest/manifest.h"

/* Anywhere in a variable's name. */
static const struct { const char *part, *why; } name_parts[] = {
	{ "TOKEN", "its name says token" },
	{ "SECRET", "its name says secret" },
	{ "PASSWORD", "its name says password" },
	{ "PASSWD", "its name says password" },
	{ "PASSPHRASE", "its name says passphrase" },
	{ "CREDENTIAL", "its name says credential" },
	{ "APIKEY", "its name says key" },
	{ "PRIVATEKEY", "its name says key" },
};

/* As a word between underscores: KEYBOARD and COMPASS are no secrets. */
static const struct { const char *word, *why; } name_words[] = {
	{ "KEY", "its name says key" },
	{ "PASS", "its name says password" },
	{ "PAT", "its name says access token" },
	{ "COOKIE", "its name says cookie" },
};

/* How tokens of well-known services begin, and how long they are at least. */
static const struct { const char *start; size_t len; const char *why; } tokens[] = {
	{ "AKIA", 20, "it looks like an AWS key" },
	{ "ASIA", 20, "it looks like an AWS key" },
	{ "ghp_", 40, "it looks like a GitHub token" },
	{ "gho_", 40, "it looks like a GitHub token" },
	{ "ghs_", 40, "it looks like a GitHub token" },
	{ "github_pat_", 40, "it looks like a GitHub token" },
	{ "glpat-", 26, "it looks like a GitLab token" },
	{ "xoxb-", 20, "it looks like a Slack token" },
	{ "xoxp-", 20, "it looks like a Slack token" },
	{ "npm_", 40, "it looks like an npm token" },
	{ "pypi-AgE", 40, "it looks like a PyPI token" },
	{ "sk-", 40, "it looks like an API key" },
	{ "AIza", 39, "it looks like a Google API key" },
	{ "eyJhbGci", 40, "it looks like a signed web token" },
};

/* Options whose value is a secret. */
static const char *const secret_options[] = {
	"password", "passwd", "pass", "token", "secret", "api-key", "apikey", "passphrase",
};

/* Of a path: a folder anywhere in it, the last name, its suffix. */
static const struct { const char *folder, *why; } folders[] = {
	{ "/.ssh/", "it is in ~/.ssh" },
	{ "/.gnupg/", "it is in ~/.gnupg" },
	{ "/.aws/", "it is in ~/.aws" },
	{ "/.azure/", "it is in ~/.azure" },
	{ "/.config/gcloud/", "it holds cloud credentials" },
	{ "/.config/gh/", "it holds GitHub credentials" },
	{ "/.kube/", "it holds cluster credentials" },
	{ "/.password-store/", "it is a password store" },
	{ "/.local/share/keyrings/", "it is a key ring" },
	{ "/etc/ssl/private/", "it is where private keys are" },
	{ "/etc/NetworkManager/system-connections/", "it holds network passwords" },
};

static const struct { const char *name, *why; } file_names[] = {
	{ ".netrc", "it holds passwords" },
	{ ".git-credentials", "it holds passwords" },
	{ ".pgpass", "it holds passwords" },
	{ ".my.cnf", "it holds passwords" },
	{ ".npmrc", "it may hold a token" },
	{ ".pypirc", "it holds passwords" },
	{ ".vault-token", "it is a token" },
	{ ".env", "it often holds secrets" },
	{ ".Xauthority", "it is the key to a display" },
	{ ".bash_history", "it is a history of commands" },
	{ ".zsh_history", "it is a history of commands" },
	{ ".htpasswd", "it holds passwords" },
	{ "credentials.json", "it holds credentials" },
	{ "cookies.sqlite", "it holds cookies" },
	{ "logins.json", "it holds passwords" },
	{ "key4.db", "it holds passwords" },
	{ "shadow", "it holds passwords" },
	{ "gshadow", "it holds passwords" },
	{ "krb5.keytab", "it holds keys" },
};

static const struct { const char *suffix, *why; } suffixes[] = {
	{ ".pem", "its suffix is that of keys" },
	{ ".key", "its suffix is that of keys" },
	{ ".p12", "its suffix is that of keys" },
	{ ".pfx", "its suffix is that of keys" },
	{ ".jks", "its suffix is that of key stores" },
	{ ".keystore", "its suffix is that of key stores" },
	{ ".kdbx", "it is a password store" },
	{ ".ppk", "its suffix is that of keys" },
	{ ".keytab", "it holds keys" },
	{ ".ovpn", "it may hold keys" },
};

static bool equals(const char *a, size_t len, const char *b)
{
	return strlen(b) == len && !strncasecmp(a, b, len);
}

static const char *name_is_secret(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(name_parts); i++)
		for (size_t at = 0; at < len; at++) {
			size_t part = strlen(name_parts[i].part);

			if (len - at >= part && !strncasecmp(name + at, name_parts[i].part, part))
				return name_parts[i].why;
		}
	while (len) {
		size_t word = 0;

		while (word < len && name[word] != '_')
			word++;
		for (size_t i = 0; i < ARRAY_SIZE(name_words); i++)
			if (equals(name, word, name_words[i].word))
				return name_words[i].why;
		word += word < len;
		name += word;
		len -= word;
	}
	return NULL;
}

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

/* Tokens are made by chance: names of variables and of classes in texts have no such mixture. */
static bool is_random(const char *word, size_t len)
{
	bool digit = false, upper = false;

	for (size_t i = 0; i < len; i++) {
		digit |= word[i] >= '0' && word[i] <= '9';
		upper |= word[i] >= 'A' && word[i] <= 'Z';
	}
	return digit && upper;
}

/* A token of a known form anywhere in the @len bytes at @text; @random: among other words. */
static const char *find_token(const char *text, size_t len, bool random)
{
	for (size_t at = 0, word; at < len; at += word + 1) {
		for (word = 0; at + word < len && is_token_char(text[at + word]); )
			word++;
		for (size_t i = 0; i < ARRAY_SIZE(tokens); i++)
			if (word >= tokens[i].len &&
			    !strncmp(text + at, tokens[i].start, strlen(tokens[i].start)) &&
			    (!random || is_random(text + at + strlen(tokens[i].start),
						  word - strlen(tokens[i].start))))
				return tokens[i].why;
	}
	return NULL;
}

/* A token, or a URL with a password, anywhere in @text. */
static const char *text_is_secret(const char *text)
{
	const char *why = find_token(text, strlen(text), false);

	if (why)
		return why;
	for (const char *at = text; (at = strstr(at, "://")); at += 3) {
		size_t host = strcspn(at + 3, "/?# ");
		const char *sign = memchr(at + 3, '@', host);

		if (sign && memchr(at + 3, ':', sign - at - 3))
			return "it holds a URL with a password";
	}
	if (strstr(text, "-----BEGIN") && strstr(text, "PRIVATE KEY-----"))
		return "it holds a private key";
	return NULL;
}

const char *review_variable(const char *name_value)
{
	size_t len = strcspn(name_value, "=");
	const char *value = name_value + len + (name_value[len] == '=');
	const char *why;

	/* Empty or redacted. */
	if (!*value || !strcmp(value, "***"))
		return NULL;
	why = name_is_secret(name_value, len);
	return why ? why : text_is_secret(value);
}

const char *review_argument(const char *text)
{
	const char *name = text + strspn(text, "-");
	size_t len = strcspn(name, "=");

	for (size_t i = 0; i < ARRAY_SIZE(secret_options); i++)
		if (equals(name, len, secret_options[i]) && name[len] == '=' && name[len + 1] &&
		    strcmp(name + len + 1, "***"))
			return "it gives a secret on the command line";
	return text_is_secret(text);
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), s = strlen(suffix);

	return n > s && !strcasecmp(name + n - s, suffix);
}

const char *review_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	/* What is made to be public. */
	if (has_suffix(name, ".pub") || !strcmp(name, "known_hosts"))
		return NULL;
	/* Certificates that every system has. */
	if (!strncmp(path, "/etc/ssl/certs/", 15) || !strncmp(path, "/usr/", 5))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (strstr(path, folders[i].folder))
			return folders[i].why;
	for (size_t i = 0; i < ARRAY_SIZE(file_names); i++)
		if (!strcmp(name, file_names[i].name))
			return file_names[i].why;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (has_suffix(name, suffixes[i].suffix))
			return suffixes[i].why;
	return !strncmp(name, "id_", 3) && strlen(name) < 16 ? "it is named as an SSH key" : NULL;
}

const char *review_content(const void *data, size_t len)
{
	static const char *const starts[] = {
		"-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----",
		"-----BEGIN DSA PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----",
		"-----BEGIN ENCRYPTED PRIVATE KEY-----", "-----BEGIN OPENSSH PRIVATE KEY-----",
		"-----BEGIN PGP PRIVATE KEY BLOCK-----", "PuTTY-User-Key-File-", "AGE-SECRET-KEY-1",
	};
	const char *line = data, *end = line + len, *next;

	if (memchr(data, '\0', len))
		return NULL;	/* no text: a program has such words in its tables */
	/* At the start of a line: sources and manuals only speak of them. */
	for (; line < end; line = next) {
		next = memchr(line, '\n', end - line);
		next = next ? next + 1 : end;
		for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
			if ((size_t)(next - line) > strlen(starts[i]) &&
			    !memcmp(line, starts[i], strlen(starts[i])))
				return "it holds a private key";
	}
	return find_token(data, len, true);
}

size_t review_run(const struct manifest_run *run, struct review_sink *to)
{
	size_t n = 0;

	for (size_t i = 0; i < run->env.n; i++) {
		const char *why = review_variable(run->env.v[i]);
		_cleanup_free_ char *name = NULL;

		if (!why)
			continue;
		name = strndup(run->env.v[i], strcspn(run->env.v[i], "="));
		to->found(to, "variable", name ? name : "?", why);
		n++;
	}
	for (size_t i = 0; i < run->argv.n; i++) {
		const char *why = review_argument(run->argv.v[i]);
		_cleanup_buf_ struct buf which = BUF_INIT;

		if (!why)
			continue;
		/* The argument itself may be the secret: only its place is told. */
		buf_addf(&which, "number %zu of %s", i, run->argv.v[0]);
		to->found(to, "argument", buf_str(&which), why);
		n++;
	}
	return n;
}

bool review_file(const struct manifest_file *f, struct review_sink *to)
{
	const char *why;

	if (f->content != MANIFEST_WHOLE && f->content != MANIFEST_HARDLINK)
		return false;
	why = review_path(f->path) ?: f->secret;
	if (why)
		to->found(to, "file", f->path, why);
	return why;
}

size_t review_manifest(const struct manifest *m, struct review_sink *to)
{
	size_t n = review_run(&m->run, to);

	for (size_t i = 0; i < m->n_files; i++)
		n += review_file(&m->files[i], to);
	return n;
}
