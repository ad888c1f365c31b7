using Stip.EndToEnd.Kit;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.TestKit;

[assembly: AssemblyFixture(typeof(WholeDecoders))]

namespace Stip.EndToEnd.Tests.Fixtures;

/// <summary>One decoder in graphs of other exporters: with a cache, over whole texts (also of one length, or of two
/// texts), and over whole texts with the last token's logits alone; protected once, when a test first asks.</summary>
public sealed class WholeDecoders : IDisposable
{
    public const string Cached = "foreign-cached";
    public const string All = "foreign-whole";
    public const string OneLength = "foreign-whole-length"; // one text of 20 tokens
    public const string TwoTexts = "foreign-whole-texts"; // two texts of any length
    public const string Last = "foreign-whole-last"; // its ports have names that say nothing

    private const int Longest = 20;

    private readonly TemporaryFolder _folder = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly HashSet<string> _made = [];

    /// <summary>The plain graph over whole texts.</summary>
    public string Plain
    {
        get
        {
            var path = _folder.At("plain.onnx");
            if (!File.Exists(path))
            {
                ForeignDecoder.Write(path, hasCache: false);
            }

            return path;
        }
    }

    /// <summary>The package, once the server has it.</summary>
    public async Task<string> PushedAsync(SharedServer shared, string name)
    {
        var package = _folder.At($"{name}-package");
        await _turn.WaitAsync();
        try
        {
            if (_made.Add(name))
            {
                var source = Directory.CreateDirectory(_folder.At(name)).FullName;
                ForeignDecoder.Write(
                    Path.Combine(source, "model.onnx"), isRenamed: name == Last, hasCache: name == Cached,
                    givesLast: name == Last, texts: name == OneLength ? 1 : name == TwoTexts ? 2 : null,
                    length: name == OneLength ? Longest : null);
                File.Copy(
                    RepositoryRoot.At("tests", "data", "sequences", "tokenizer.json"),
                    Path.Combine(source, "tokenizer.json"));
                await File.WriteAllTextAsync(
                    Path.Combine(source, "chat_template.jinja"),
                    "{% for message in messages %}{{ message.content }} {% endfor %}");
                await ModelPackages.RunAsync("protect", "--model", source, "--output", package, "--name", name);
                await shared.Server.PushAsync(package);
            }
        }
        finally
        {
            _turn.Release();
        }

        return package;
    }

    public void Dispose()
    {
        _turn.Dispose();
        _folder.Dispose();
    }
}
