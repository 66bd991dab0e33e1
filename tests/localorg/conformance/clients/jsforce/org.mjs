// The local org that pytest started, and jsforce as an npm user gets it.
import { createRequire } from 'node:module';
import { beforeEach } from 'node:test';

const require = createRequire(`${process.env.JSFORCE_HOME}/`);

export const jsforce = require('jsforce');
export const org = JSON.parse(process.env.LOCAL_ORG); // url, client_id, client_secret, redirect_uri, users
export const VERSION = '62.0';

export const oauth2 = {
  loginUrl: org.url,
  clientId: org.client_id,
  clientSecret: org.client_secret,
  redirectUri: org.redirect_uri,
};

/** Each test finds the records of the seed, no faults and nothing counted. */
export function beginAfresh() {
  beforeEach(async () => {
    await control('faults', []);
    await control('reset');
    await control('settings', { used: 0, daily_limit: 100_000, rotate_refresh_tokens: false });
    await control('calls', undefined, 'DELETE');
  });
}

/** Speak to the org's control endpoints; the answer's JSON, if any. */
export async function control(name, body, method = 'POST') {
  const answer = await fetch(`${org.url}/localorg/${name}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
  const text = await answer.text();
  return text ? JSON.parse(text) : undefined;
}

export const faults = (...rules) => control('faults', rules);

/** How often the org was asked for a resource, such as `GET query`, since the test began. */
export async function calls(resource) {
  const counted = await control('calls', undefined, 'GET');
  return counted.by_resource[resource] ?? 0;
}

export function userOf(profile) {
  return org.users.find((user) => user.profile === profile);
}

/** A connection signed in with the OAuth password grant; `more` are options of jsforce's. */
export async function connect(profile = 'System Administrator', more = {}) {
  const { username, password } = userOf(profile);
  const conn = new jsforce.Connection({ oauth2, version: VERSION, ...more });
  await conn.login(username, password);
  return conn;
}

/** What a person does in the browser: sign in, allow; what the callback is told. */
export async function allowInBrowser(authorizationUrl, { username, password } = userOf('System Administrator')) {
  const cookies = new Map();
  const browse = async (url, form) => {
    const answer = await fetch(url, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      body: form ? new URLSearchParams(form) : undefined,
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [name, value] = cookie.split(';')[0].split('=');
      cookies.set(name, value);
    }
    const next = answer.headers.get('location');
    if (!next) return url;
    const target = new URL(next, url);
    return target.origin === org.url ? browse(target.href) : target;
  };
  await browse(authorizationUrl);
  const consentPage = await browse(authorizationUrl, { username, password });
  return (await browse(consentPage, { decision: 'allow' })).searchParams;
}

/** All that an async iterable or an event emitter's stream gives, as an array. */
export async function collect(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}
