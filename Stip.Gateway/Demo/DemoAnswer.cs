using System.Text;
using Stip.Client.Generation;

namespace Stip.Gateway.Demo;

/// <summary>A whole answer of one model.</summary>
internal sealed record DemoAnswer(int[] TokenIds, string Text, GenerationUsage Usage)
{
    public static async Task<DemoAnswer> AskAsync(
        StipModel model,
        int[] prompt,
        GenerationOptions options,
        Action<string> show,
        CancellationToken cancellationToken)
    {
        var ids = new List<int>();
        var text = new StringBuilder();
        GenerationUsage? usage = null;
        await foreach (var token in model.GenerateAsync(prompt, options, cancellationToken))
        {
            ids.Add(token.Id);
            text.Append(token.Text);
            show(token.Text);
            usage = token.Usage;
        }

        return new DemoAnswer([.. ids], text.ToString(), usage!);
    }
}
