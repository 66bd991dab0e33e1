// Ways to sign in, to stay signed in and to sign out: jsforce's OAuth2, login(), identity(), logout() and refresh.
import assert from 'node:assert/strict';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';

import { VERSION, allowInBrowser, beginAfresh, calls, connect, control, faults, jsforce, oauth2, org, userOf } from './org.mjs';

beginAfresh();

const admin = userOf('System Administrator');
const ID18 = /^[a-zA-Z0-9]{18}$/;

async function authorized(scope = 'api id refresh_token') {
  const conn = new jsforce.Connection({ oauth2: { ...oauth2, useVerifier: true }, version: VERSION });
  const told = await allowInBrowser(conn.oauth2.getAuthorizationUrl({ scope, state: 's 1' }));
  assert.equal(told.get('state'), 's 1');
  const userInfo = await conn.authorize(told.get('code'));
  return { conn, userInfo };
}

test('the web server flow with a verifier gives tokens, the instance and who it is', async () => {
  const { conn, userInfo } = await authorized();

  assert.equal(conn.instanceUrl, org.url);
  assert.match(userInfo.id, /^005/);
  assert.match(userInfo.organizationId, /^00D/);
  assert.ok(conn.refreshToken);
  assert.equal((await conn.identity()).username, admin.username);
});

test('a code without its verifier is refused by name', async () => {
  const asking = new jsforce.OAuth2({ ...oauth2, useVerifier: true });
  const told = await allowInBrowser(asking.getAuthorizationUrl({ scope: 'api' }));
  const thief = new jsforce.Connection({ oauth2 });

  await assert.rejects(thief.authorize(told.get('code')), { name: 'invalid_grant' });
});

test('client credentials sign in the user that the app runs as', async () => {
  const conn = new jsforce.Connection({ oauth2, version: VERSION });

  await conn.authorize({ grant_type: 'client_credentials' });

  assert.equal((await conn.identity()).username, admin.username);
});

test('an assertion signed with the private key of the app signs in the user that it names', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await control('settings', { certificate: publicKey.export({ type: 'spki', format: 'pem' }) });
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: org.client_id, sub: admin.username, aud: 'https://login.salesforce.com', exp: Math.floor(Date.now() / 1000) + 180 };
  const signed = `${part({ alg: 'RS256' })}.${part(claims)}`;
  const assertion = `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
  const conn = new jsforce.Connection({ oauth2, version: VERSION });

  await conn.authorize({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });

  assert.equal((await conn.identity()).username, admin.username);
  await control('settings', { certificate: '' });
});

test('login with a client is the password grant', async () => {
  const conn = new jsforce.Connection({ oauth2, version: VERSION });

  const userInfo = await conn.login(admin.username, admin.password);

  assert.match(userInfo.id, ID18);
  assert.equal(userInfo.url, `${org.url}/id/${userInfo.organizationId}/${userInfo.id}`);
});

test('a wrong password is refused by name', async () => {
  const conn = new jsforce.Connection({ oauth2 });

  await assert.rejects(conn.login(admin.username, 'wrong'), { name: 'invalid_grant', message: 'authentication failure' });
});

test('login without a client is the SOAP login', async () => {
  const conn = new jsforce.Connection({ loginUrl: org.url, version: VERSION });

  const userInfo = await conn.login(admin.username, admin.password);

  assert.equal(conn.instanceUrl, org.url);
  assert.match(userInfo.id, /^005\w{15}$/);
  assert.match(userInfo.organizationId, /^00D\w{15}$/);
  assert.equal((await conn.query('SELECT Id FROM Organization')).records[0].Id, userInfo.organizationId);
});

test('the SOAP login tells the fault of a wrong password', async () => {
  const conn = new jsforce.Connection({ loginUrl: org.url, version: VERSION });

  await assert.rejects(conn.login(admin.username, 'wrong <&>'), {
    message: 'INVALID_LOGIN: Invalid username, password, security token; or user locked out.',
  });
});

test('a session of elsewhere is taken by its id and server', async () => {
  const { accessToken } = await connect();
  const conn = new jsforce.Connection({
    sessionId: accessToken, serverUrl: `${org.url}/services/Soap/u/${VERSION}`, version: VERSION,
  });

  assert.equal((await conn.identity()).username, admin.username);
});

test('the resources name the identity of the caller', async () => {
  const { accessToken } = await connect('Standard User');
  const conn = new jsforce.Connection({ instanceUrl: org.url, accessToken, version: VERSION });

  const identity = await conn.identity();

  assert.equal(identity.username, userOf('Standard User').username);
  assert.deepEqual(conn.userInfo, {
    id: identity.user_id, organizationId: identity.organization_id, url: identity.id,
  });
});

test('an expired access token is refreshed and the call made again', async () => {
  const { conn } = await authorized();
  const seen = [];
  conn.on('refresh', (token, answer) => seen.push([token, answer.refresh_token]));
  const before = conn.accessToken;
  await faults({ do: 'expire', times: 1, match: { path: '/query' } });

  const { records } = await conn.query('SELECT Id FROM Organization');

  assert.equal(records.length, 1);
  assert.notEqual(conn.accessToken, before);
  assert.deepEqual(seen, [[conn.accessToken, undefined]]);
});

test('calls that find the token expired together share one refresh', async () => {
  const { conn } = await authorized();
  let refreshes = 0;
  conn.on('refresh', () => { refreshes += 1; });
  await conn.oauth2.revokeToken(conn.accessToken);

  const found = await Promise.all([...Array(5)].map(() => conn.query('SELECT Id FROM Organization')));

  assert.equal(found.length, 5);
  assert.equal(refreshes, 1);
});

test('a revoked refresh token ends it, saying why', async () => {
  const { conn } = await authorized();
  await conn.oauth2.revokeToken(conn.refreshToken);

  await assert.rejects(conn.query('SELECT Id FROM Organization'), {
    message: 'Unable to refresh session due to: expired access/refresh token',
  });
});

test('a rotated refresh token comes with the refresh', async () => {
  const { conn } = await authorized();
  await control('settings', { rotate_refresh_tokens: true });

  const answer = await conn.oauth2.refreshToken(conn.refreshToken);

  assert.ok(answer.refresh_token);
  await assert.rejects(conn.oauth2.refreshToken(conn.refreshToken), { name: 'invalid_grant' });
});

test('a login by SOAP signs in again when its session expires', async () => {
  const conn = new jsforce.Connection({ loginUrl: org.url, version: VERSION });
  await conn.login(admin.username, admin.password);
  const before = conn.accessToken;
  await faults({ do: 'expire', times: 1, match: { path: '/query' } });

  await conn.query('SELECT Id FROM Organization');

  assert.notEqual(conn.accessToken, before);
});

test('a session that expires under a SOAP call is renewed as well', async () => {
  const { conn } = await authorized();
  const before = conn.accessToken;
  await conn.oauth2.revokeToken(before);

  const { userName } = await conn.soap.getUserInfo();

  assert.equal(userName, admin.username);
  assert.notEqual(conn.accessToken, before);
});

test('a refresh function of the caller is asked for a token', async () => {
  const good = (await connect()).accessToken;
  const conn = new jsforce.Connection({
    instanceUrl: org.url, accessToken: 'stale', version: VERSION,
    refreshFn: (_, done) => done(null, good),
  });

  assert.equal((await conn.query('SELECT Id FROM Organization')).totalSize, 1);
});

test('without a way to refresh, an invalid session is an error with its code', async () => {
  const conn = new jsforce.Connection({ instanceUrl: org.url, accessToken: 'stale', version: VERSION });

  await assert.rejects(conn.query('SELECT Id FROM Organization'), {
    errorCode: 'INVALID_SESSION_ID', message: 'Session expired or invalid',
  });
});

test('logout ends the access token', async () => {
  const conn = await connect();
  const { accessToken } = conn;
  await conn.logout();

  assert.equal(conn.accessToken, null);
  const again = new jsforce.Connection({ instanceUrl: org.url, accessToken, version: VERSION });
  await assert.rejects(again.query('SELECT Id FROM Organization'), { errorCode: 'INVALID_SESSION_ID' });
});

test('logout with revoke ends the refresh token, too', async () => {
  const { conn } = await authorized();
  const { refreshToken } = conn;
  const app = new jsforce.OAuth2(oauth2);
  await conn.logout(true);

  await assert.rejects(app.refreshToken(refreshToken), { name: 'invalid_grant' });
});

test('logout of a SOAP session ends it', async () => {
  const conn = new jsforce.Connection({ loginUrl: org.url, version: VERSION });
  await conn.login(admin.username, admin.password);
  const { accessToken } = conn;
  await conn.logout();

  const again = new jsforce.Connection({ instanceUrl: org.url, accessToken, version: VERSION });
  await assert.rejects(again.query('SELECT Id FROM Organization'), { errorCode: 'INVALID_SESSION_ID' });
});

test('usage of the API is told after each call', async () => {
  const conn = await connect();

  await conn.query('SELECT Id FROM Organization');
  await conn.query('SELECT Id FROM Organization');

  assert.deepEqual(conn.limitInfo, { apiUsage: { used: 2, limit: 100_000 } });
  assert.equal(await calls('GET query'), 2);
});

test('a token that the org never gave is not revoked but refused', async () => {
  const app = new jsforce.OAuth2(oauth2);

  await assert.rejects(app.revokeToken('00D000000000000!nonsense'));
});
