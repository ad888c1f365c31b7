using Stip.Api.Registry.ApiKeys;
using Stip.Api.Tests.Hosting;
using Stip.Protocol.ApiKeys;

namespace Stip.Api.Tests.Registry.ApiKeys;

public sealed class KeyDirectoryTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private readonly SettableClock _clock = new(Start);
    private readonly KeyDirectory _directory;

    public KeyDirectoryTests() => _directory = new KeyDirectory(_clock);

    [Fact]
    public void Watch_OfAKeyWhoseTimeIsOver_TellsUntilTheClockIsSetBack()
    {
        var secret = new ApiKeySecret(ApiKeyValue.Hash("value"), "v…", null);
        _directory.Show([new ApiKeyRecord(
            "key_1", "user", [secret], [ApiKeyScopes.Infer], Start, null, Start.AddHours(1), null)]);
        var grant = _directory.Find("value")!;
        var first = _directory.Watch(grant);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.True(first.IsCancellationRequested);
        Assert.True(_directory.Watch(grant).IsCancellationRequested);
        Assert.False(_directory.IsGood(grant));

        _clock.Set(TimeSpan.FromMinutes(-30));

        Assert.True(_directory.IsGood(grant));
        var later = _directory.Watch(grant);
        Assert.False(later.IsCancellationRequested);
        _clock.Advance(TimeSpan.FromMinutes(30));
        Assert.True(later.IsCancellationRequested);
    }

    // Whoever hears of it first would end what that key has while it still opens more.
    [Fact]
    public async Task Gone_OfAKeyThatWasRevoked_IsToldWhenItIsFoundNoLonger()
    {
        _directory.Show([Key("gone", "value")]);
        var isFound = Task.Run(
            () =>
            {
                SpinWait.SpinUntil(() => !_directory.Gone.IsEmpty, TimeSpan.FromSeconds(20));
                return _directory.Find("value") is not null;
            },
            TestContext.Current.CancellationToken);

        // So many take a while to be put in order.
        _directory.Show([.. Enumerable.Range(0, 20_000).Select(i => Key($"key_{i}", $"{i}"))]);

        Assert.False(await isFound);
        Assert.Equal(["gone"], _directory.Gone);
    }

    private static ApiKeyRecord Key(string id, string value) => new(
        id, "user", [new ApiKeySecret(ApiKeyValue.Hash(value), "v…", null)], [ApiKeyScopes.Infer], Start, null, null,
        null);
}
