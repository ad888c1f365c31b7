// Private search: index a folder of texts and answer queries. Texts and queries stay in this process; the server gets
// permuted rows. It could pool those as this program does and tell which lie near each other
// (docs/threat-model.md, number 10).
//
//     STIP_API_KEY=KEY dotnet run --project samples/dotnet/private-search -- BUNDLE ENDPOINT FOLDER QUERY …
//
// BUNDLE is the client/ folder of a protected sentence encoder. Every paragraph of every .txt and .md file is one
// entry; for each query the three nearest are printed with their cosines.
using System.Numerics.Tensors;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Stip.Client;
using Stip.Client.Bundles;
using Stip.Client.Chat;

const int Nearest = 3;
const int BatchSize = 64;

if (args is not [var bundle, var endpoint, var folder, .. { Length: > 0 } queries]
    || Environment.GetEnvironmentVariable("STIP_API_KEY") is not { Length: > 0 } key)
{
    Console.Error.WriteLine("usage: STIP_API_KEY=KEY … BUNDLE ENDPOINT FOLDER QUERY …");
    return 2;
}

try
{
    await using var services = new ServiceCollection()
        .AddStip(new StipOptions { Bundle = bundle, Endpoint = new Uri(endpoint), ApiKey = key })
        .BuildServiceProvider();
    var generator = services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
    var index = new List<(string Text, Embedding<float> Embedding)>();
    foreach (var batch in Paragraphs(folder).Chunk(BatchSize))
    {
        index.AddRange(await generator.GenerateAndZipAsync(batch));
    }

    foreach (var query in queries)
    {
        var vector = await generator.GenerateVectorAsync(query);
        Console.WriteLine(query);
        foreach (var (text, cosine) in index
            .Select(entry => (entry.Text, TensorPrimitives.Dot(entry.Embedding.Vector.Span, vector.Span)))
            .OrderByDescending(found => found.Item2)
            .Take(Nearest))
        {
            Console.WriteLine(FormattableString.Invariant($"  {cosine:0.000}  {text}"));
        }
    }

    return 0;
}
catch (Exception refusal) when (refusal is StipException or BundleException or IOException or UriFormatException)
{
    Console.Error.WriteLine(refusal.Message);
    return 1;
}

static IEnumerable<string> Paragraphs(string folder) => Directory
    .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
    .Where(path => Path.GetExtension(path) is ".txt" or ".md")
    .Order(StringComparer.Ordinal)
    .SelectMany(path => File.ReadAllText(path).ReplaceLineEndings("\n").Split("\n\n"))
    .Select(paragraph => string.Join(' ', paragraph.Split('\n', StringSplitOptions.TrimEntries)).Trim())
    .Where(paragraph => paragraph.Length > 0);
