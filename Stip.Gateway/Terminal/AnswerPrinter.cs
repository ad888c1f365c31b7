using System.Text;
using Stip.Client.Generation;

namespace Stip.Gateway.Terminal;

/// <summary>Shows an answer as it comes, or as one JSON document at its end.</summary>
internal static class AnswerPrinter
{
    /// <returns>The whole text.</returns>
    public static async Task<string> PrintAsync(
        IAsyncEnumerable<GeneratedToken> tokens, bool asJson, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var ids = new List<int>();
        await foreach (var token in tokens.WithCancellation(cancellationToken))
        {
            text.Append(token.Text);
            ids.Add(token.Id);
            if (!asJson)
            {
                await Console.Out.WriteAsync(token.Text);
            }

            if (token.FinishReason is not null)
            {
                await Console.Out.WriteLineAsync(
                    asJson ? AnswerDocument.Of(text.ToString(), ids, token).ToJson() : "");
            }
        }

        return text.ToString();
    }
}
