using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Api.Tests.Engine;
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

    // As long as a queue of prompts takes.
    [Fact]
    public async Task Removal_OfAModelThatRuns_KeepsNoOtherModelFromBeingRegistered()
    {
        WatchedRuntime watched = null!;
        using var server = new ApiServer
        {
            Made = services =>
            {
                var made = services.Last(service => service.ServiceType == typeof(IGraphRuntime));
                services.Replace(ServiceDescriptor.Singleton<IGraphRuntime>(provider => watched = new WatchedRuntime(
                    (IGraphRuntime)(made.ImplementationFactory?.Invoke(provider)
                        ?? ActivatorUtilities.CreateInstance(provider, made.ImplementationType!)))));
            },
        };
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        var session = await server.Caller().StepAsync(Steps.Prefill(1, 4));
        watched.Hold();
        var running = server.Caller().StepAsync(Steps.Next(session, 1));
        Assert.True(watched.Entered.Wait(Patience, TestContext.Current.CancellationToken));
        var removing = server.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.Models}/tiny");
        var registry = server.Services.GetRequiredService<ModelRegistry>();
        while (registry.Find("tiny") is not null && !removing.IsCompleted)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        Assert.False(removing.IsCompleted);
        using var folder = new TemporaryFolder();
        new TinyDecoder("other").WriteTo(folder.Path);
        var pushing = server.Caller().PushAsync(folder.Path);
        // The removal ends when the step does, which is let go once the other model is there.
        var first = await Task.WhenAny(pushing, removing);
        watched.LetGo();

        Assert.Same(pushing, first);
        using var pushed = await pushing;
        Assert.True(pushed.IsSuccessStatusCode);
        Assert.Equal(5, (await running).Position);
        using var removed = await removing;
        Assert.True(removed.IsSuccessStatusCode);
        Assert.Single(Directory.GetDirectories(server.PackageFolder("")));
    }

    // Packages lie on a larger disk: nothing is renamed from one to the other.
    [Fact]
    public async Task Package_OnAnotherFileSystem_IsRegisteredAndRemoved()
    {
        const string OtherDisk = "/dev/shm";
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists(OtherDisk), "there is no second file system");
        using var data = new TemporaryFolder();
        var packages = Directory.CreateDirectory(Path.Combine(OtherDisk, Path.GetRandomFileName())).FullName;
        try
        {
            Directory.CreateSymbolicLink(data.At("packages"), packages);
            using var server = new ApiServer(data.Path);
            using var folder = new TemporaryFolder();
            new TinyDecoder().WriteTo(folder.Path);
            using var pushed = await server.Caller().PushAsync(folder.Path);
            await ApiCaller.ReadAsync<ModelObject>(pushed);
            Assert.Equal(4, (await server.Caller().StepAsync(Steps.Prefill(1, 4))).Position);
            Assert.Single(Directory.GetFileSystemEntries(packages));
            Assert.Empty(Directory.GetFileSystemEntries(data.At("staging")));
            using var removed = await server.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.Models}/tiny");
            Assert.True(removed.IsSuccessStatusCode);
            Assert.Empty(Directory.GetFileSystemEntries(packages));
        }
        finally
        {
            Directory.Delete(packages, recursive: true);
        }
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
