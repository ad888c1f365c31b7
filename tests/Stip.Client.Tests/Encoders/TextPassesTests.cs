using Stip.Client.Encoders;
using Stip.Client.Transport;

namespace Stip.Client.Tests.Encoders;

public sealed class TextPassesTests
{
    private readonly List<string> _sent = [];
    private readonly List<string> _answered = [];
    private readonly SizeCeiling _ceiling = new(4096);

    /// <summary>Tokens of a pass that the way lets through.</summary>
    private int Most { get; set; }

    [Fact]
    public async Task Passes_ThatAreTooLarge_GoInHalvesInTheOrderOfTheTexts()
    {
        Most = 20;
        await RunAsync("abcdefgh", "ij");

        Assert.Equal("abcdefghij", string.Concat(_answered));
        // 80 and 40 tokens were refused; from there on none of more than 20 is sent.
        Assert.Equal(["abcdefgh", "abcd", "ab", "cd", "ef", "gh", "ij"], _sent);
    }

    [Fact]
    public async Task Passes_AfterThoseThatWereTooLarge_AreOfTheSizeThatWent()
    {
        Most = 20;
        await RunAsync("abcdefgh");
        _sent.Clear();
        await RunAsync("ijklmnop");

        Assert.Equal(["ij", "kl", "mn", "op"], _sent);
    }

    [Fact]
    public async Task Text_ThatIsTooLargeAlone_IsRefused()
    {
        Most = 9;
        var refusal = await Assert.ThrowsAsync<StipException>(() => RunAsync("ab"));

        Assert.Equal(413, refusal.Status);
        Assert.Equal(["ab", "a"], _sent);
    }

    // Texts of ten tokens each.
    private Task RunAsync(params string[] batches) => TextPasses.RunAsync(
        batches.Select(batch => batch.ToCharArray()), _ => 10, _ceiling, batch =>
        {
            _sent.Add(new string(batch));
            if (batch.Length * 10 > Most)
            {
                throw new StipException("too large", null) { Status = 413 };
            }

            _answered.Add(new string(batch));
            return Task.CompletedTask;
        });
}
