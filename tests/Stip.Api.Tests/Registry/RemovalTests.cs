using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Stip.Api.Registry;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Models;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry;

/// <summary>The removal of a model whose older epoch still serves sessions.</summary>
public sealed class RemovalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // Where a kill comes in between, the next start serves no package of older keys.
    [Fact]
    public async Task Removal_OfAModelWithAnOlderEpoch_DeletesTheOlderOneFirst()
    {
        using var server = new ApiServer();
        var (older, newer) = await TwoEpochsAsync(server);
        var gone = new BlockingCollection<string>();
        using var watcher = new FileSystemWatcher(server.PackageFolder(""));
        watcher.Deleted += (_, e) => gone.Add(e.FullPath);
        watcher.EnableRaisingEvents = true;

        using var removed = await server.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.Models}/tiny");

        Assert.True(removed.IsSuccessStatusCode);
        Assert.True(gone.TryTake(out var first, Patience));
        Assert.True(gone.TryTake(out var second, Patience));
        Assert.Equal([older, newer], [first, second]);
    }

    [Fact]
    public async Task Removal_WhereAFolderIsGoneAlready_ReleasesAndDeletesTheOthers()
    {
        using var server = new ApiServer();
        var (older, newer) = await TwoEpochsAsync(server);
        var before = server.Services.GetRequiredService<ModelRegistry>().Find("tiny")!.Before.Single();
        Directory.Delete(newer, recursive: true);

        using var removed = await server.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.Models}/tiny");

        Assert.True(removed.IsSuccessStatusCode);
        Assert.False(before.IsLoaded);
        Assert.False(Directory.Exists(older));
    }

    // Whoever asked for it could take for deleted what the next start serves again.
    [Fact]
    public async Task Removal_OfAPackageThatCannotBeDeleted_IsRefusedAndTheModelServed()
    {
        using var server = new ApiServer();
        var (older, newer) = await TwoEpochsAsync(server);
        var session = await server.Caller().StepAsync(Steps.Prefill(1, 4));
        var staging = Path.Combine(server.DataDirectory, "staging");
        Directory.Delete(staging, recursive: true);
        await File.WriteAllTextAsync(staging, "no folder", TestContext.Current.CancellationToken);

        using (var refused = await server.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.Models}/tiny"))
        {
            await ApiCaller.RefusedAsync(refused, 500, "internal_error");
        }

        Assert.True(Directory.Exists(older) && Directory.Exists(newer));
        Assert.Equal(5, (await server.Caller().StepAsync(Steps.Next(session, 1))).Position);
        File.Delete(staging);
        Directory.CreateDirectory(staging);
        using var removed = await server.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.Models}/tiny");
        Assert.True(removed.IsSuccessStatusCode);
        Assert.False(Directory.Exists(older) || Directory.Exists(newer));
    }

    // A registered one would go with its last session.
    [Fact]
    public async Task ReplacedPackage_ThatWasPutThereByHand_IsLeftToWhoPutItThere()
    {
        using var server = new ApiServer();
        new TinyDecoder().WriteTo(server.PackageFolder("by-hand"));
        using var folder = new TemporaryFolder();
        new TinyDecoder(Seed: 2, KeyEpoch: 2).WriteTo(folder.Path);

        using var pushed = await server.Caller().PushAsync(folder.Path);

        Assert.Equal(2, (await ApiCaller.ReadAsync<ModelObject>(pushed)).Stip!.KeyEpoch);
        Assert.Empty(server.Services.GetRequiredService<ModelRegistry>().Find("tiny")!.Before);
        Assert.True(File.Exists(Path.Combine(server.PackageFolder("by-hand"), "model.onnx")));
    }

    // It was not served, and nobody but a removal takes it away.
    [Fact]
    public async Task Removal_OfAModelThatReplacedOneByHand_LeavesNothingToTheNextStart()
    {
        using var folder = new TemporaryFolder();
        new TinyDecoder().WriteTo(folder.At("packages", "mine", "by-hand"));
        new TinyDecoder("other").WriteTo(folder.At("packages", "other"));
        using (var server = new ApiServer(folder.Path))
        {
            using var package = new TemporaryFolder();
            new TinyDecoder(Seed: 2, KeyEpoch: 2).WriteTo(package.Path);
            using var pushed = await server.Caller().PushAsync(package.Path);
            Assert.True(pushed.IsSuccessStatusCode);
            using var removed = await server.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.Models}/tiny");
            Assert.True(removed.IsSuccessStatusCode);
        }

        using var restarted = new ApiServer(folder.Path);
        var models = await restarted.Caller().GetAsync<ListObject<ModelObject>>(StipRoutes.Models);

        Assert.Equal("other", Assert.Single(models.Data).Id);
        Assert.False(Directory.Exists(folder.At("packages", "mine", "by-hand")));
    }

    private static async Task<(string Older, string Newer)> TwoEpochsAsync(ApiServer server)
    {
        var folders = new List<string>();
        for (var epoch = 1; epoch <= 2; epoch++)
        {
            using var folder = new TemporaryFolder();
            new TinyDecoder(Seed: epoch, KeyEpoch: epoch).WriteTo(folder.Path);
            using var pushed = await server.Caller().PushAsync(folder.Path);
            await ApiCaller.ReadAsync<ModelObject>(pushed);
            folders.AddRange(Directory.GetDirectories(server.PackageFolder("")).Except(folders));
            await server.Caller().StepAsync(Steps.Prefill(1, 4));
        }

        return (folders[0], folders[1]);
    }
}
