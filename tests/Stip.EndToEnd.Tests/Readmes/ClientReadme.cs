using System.Text;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Transport;

namespace Stip.EndToEnd.Tests.Readmes;

/// <summary>The example of the package's README, word for word.</summary>
internal static class ClientReadme
{
    public static async Task<string> RunAsync(string folder, Uri endpoint, string apiKey)
    {
        var answer = new StringBuilder();
        using var bundle = Bundle.Open(folder);
        using var client = StipHttpClient.Connect(endpoint, apiKey);
        var model = new StipModel(bundle, client);
        var prompt = bundle.Tokenizer!.Encode("Once upon a time", addSpecialTokens: true);
        await foreach (var token in model.GenerateAsync(prompt, new GenerationOptions { MaxNewTokens = 100 }))
        {
            answer.Append(token.Text);
        }

        return answer.ToString();
    }
}
