using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.Gateway.Demo;

/// <summary>What somebody gets who asks the protected weights without the keys: plain rows up, indices read as token
/// ids.</summary>
internal static class WithoutKeys
{
    public static async Task<string> AskAsync(
        StipModel target, Bundle plain, int[] prompt, int newTokens, CancellationToken cancellationToken)
    {
        var ids = new List<int>();
        string? session = null;
        var (pending, position) = (prompt, 0);
        for (var i = 0; i < newTokens; i++)
        {
            var request = new CompletionRequest(
                target.Id,
                Rows(plain, pending, position),
                session,
                session is null ? null : position,
                new LogitsRequest(1),
                session is null ? prompt.Length + newTokens : null);
            var answer = (await target.Client.CompleteAsync(request, cancellationToken)).Response;
            (session, position) = (answer.SessionId, answer.Position);
            pending = [answer.Choices[0].Logits.Indices![0]];
            ids.AddRange(pending);
        }

        await target.Client.DeleteSessionAsync(session!, cancellationToken);
        return plain.Tokenizer!.Decode(ids);
    }

    private static TensorPayload Rows(Bundle plain, int[] ids, int position)
    {
        var tables = plain.Embedding;
        var rows = new byte[ids.Length * tables.RowBytes]; // [n, hidden]
        tables.WriteRows(ids, position, rows);
        return new TensorPayload(tables.WireDtype.WireName(), [ids.Length, tables.HiddenSize], rows);
    }
}
