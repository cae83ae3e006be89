import { Controller, Inject } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import { authInternal } from '@vectron/proto';
import { type Api, abortSignalOf, type CallContext, GrpcService } from '@vectron/rpc';
import { Counts } from './accounts/counts.js';
import { Deletions } from './accounts/deletions.js';
import { AuditChains } from './audit-chains.js';
import { Authenticator } from './authenticator.js';
import { RevocationFeed } from './revocations.js';
import { SigningKeys } from './signing-keys.js';
import { TokenService } from './tokens.js';

/** What the gateway asks; never on a public listener. */
@Controller()
@GrpcService(authInternal.AuthInternalServiceService)
export class AuthInternalController implements Api<typeof authInternal.AuthInternalServiceService> {
  constructor(
    @Inject(Authenticator) private readonly authenticator: Authenticator,
    @Inject(Counts) private readonly counts: Counts,
    @Inject(Deletions) private readonly deletions: Deletions,
    @Inject(RevocationFeed) private readonly revocations: RevocationFeed,
    @Inject(TokenService) private readonly tokens: TokenService,
    @Inject(SigningKeys) private readonly signingKeys: SigningKeys,
    @Inject(AuditChains) private readonly audits: AuditChains,
  ) {}

  authenticate(request: authInternal.AuthenticateRequest): Promise<authInternal.Principal> {
    return this.authenticator.authenticate(request.token);
  }

  watchRevocations(
    _: authInternal.WatchRevocationsRequest,
    { signal }: CallContext,
  ): AsyncIterable<authInternal.Revocations> {
    return this.revocations.watch(abortSignalOf(signal));
  }

  async jwks(): Promise<authInternal.JwksResponse> {
    return { json: JSON.stringify(await this.tokens.jwks()) };
  }

  async rotateSigningKey(): Promise<authInternal.RotateSigningKeyResponse> {
    return { kid: await this.signingKeys.rotate() };
  }

  async ping(): Promise<authInternal.PingResponse> {
    await this.counts.totals();
    return {};
  }

  async beginUserDeletion(
    request: authInternal.BeginUserDeletionRequest,
    context: CallContext,
  ): Promise<authInternal.BeginUserDeletionResponse> {
    const { user, isLast, heirTenantId } = await this.deletions.begin(request, context);
    return { userId: user.id, tenantId: user.tenantId, lastOfTenant: isLast, heirTenantId };
  }

  async finishUserDeletion({
    userId,
    undo,
  }: authInternal.FinishUserDeletionRequest): Promise<authInternal.FinishUserDeletionResponse> {
    if (undo) await this.deletions.undo(userId);
    return { deletedKeys: undo ? 0 : await this.deletions.finish(userId) };
  }

  async openAuditChain({
    gatewayId,
    oldKey,
    oldSequence,
  }: authInternal.OpenAuditChainRequest): Promise<authInternal.AuditChain> {
    const chain = await this.audits.open(gatewayId, oldKey, oldSequence);
    const others = (await this.audits.gateways()).filter((id) => id !== gatewayId);
    return { ...chain, oldKey: chain.oldKey ?? Buffer.alloc(0), anchor: chain.anchor, others };
  }

  async anchorAuditChain({
    gatewayId,
    anchor,
  }: authInternal.AnchorAuditChainRequest): Promise<authInternal.AnchorAuditChainResponse> {
    if (anchor === undefined) throw VectronError.invalid('anchor', 'anchor must be set');
    await this.audits.anchor(gatewayId, anchor);
    return {};
  }

  async stats(): Promise<authInternal.StatsResponse> {
    const { users, keys } = await this.counts.totals();
    return { users, apiKeys: keys };
  }
}
