using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Stip.Api.Endpoints;
using Stip.Api.Engine;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Uploads;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry;

/// <summary>What a kill leaves while the graphs of a package are looked at: a copy of the disk in that moment.
/// </summary>
public sealed class StagedUploadTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Uploads_StagedWhenTheServerIsKilled_AreWholeAtTheNextStart(int keyEpoch)
    {
        using var package = new TemporaryFolder();
        PackageFiles.Write(package.Path, new TinyDecoder().WriteTo(package.Path) with { KeyEpoch = keyEpoch });
        using var left = new TemporaryFolder();
        using var server = new ApiServer();
        await using var copied = Copied(server, left.Path);
        var caller = new ApiCaller(copied.CreateClient(), ApiServer.AdminKey);
        var ids = await caller.UploadAllAsync(package.Path);
        using (await caller.PostAsync(StipRoutes.Models, new ModelRegisterRequest(ids)))
        {
            Assert.NotEmpty(Directory.GetFiles(left.At("staging"), "*", SearchOption.AllDirectories));
        }

        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(server.DataDirectory, "staging")));
        using var next = new ApiServer(left.Path);
        foreach (var id in ids)
        {
            var upload = await next.Caller().GetAsync<UploadObject>($"{StipRoutes.Uploads}/{id}");
            Assert.Equal((UploadObject.Completed, upload.Bytes), (upload.Status, upload.BytesReceived));
        }

        using var registered = await next.Caller().PostAsync(StipRoutes.Models, new ModelRegisterRequest(ids));
        Assert.Equal(keyEpoch > 0 ? 200 : 422, (int)registered.StatusCode);
        Assert.Empty(Directory.GetFileSystemEntries(left.At("staging")));
    }

    [Fact]
    public async Task Manifest_UploadedTwice_IsRefusedByName()
    {
        using var package = new TemporaryFolder();
        new TinyDecoder().WriteTo(package.Path);
        using var server = new ApiServer();
        var ids = await server.Caller().UploadAllAsync(package.Path);
        ids.Add(await server.Caller().UploadAsync(package.At(PackageManifest.FileName)));
        using var refused = await server.Caller().PostAsync(StipRoutes.Models, new ModelRegisterRequest(ids));
        var error = await ApiCaller.RefusedAsync(refused, 422, "package_invalid");
        Assert.Contains("'stip.json' was uploaded twice", error.Detail, StringComparison.Ordinal);
    }

    private static WebApplicationFactory<ServerStartup> Copied(ApiServer server, string target) =>
        server.WithWebHostBuilder(builder => builder.ConfigureServices(services =>
        {
            var made = services.Last(service => service.ServiceType == typeof(IGraphRuntime));
            services.Replace(ServiceDescriptor.Singleton<IGraphRuntime>(provider => new CopyingRuntime(
                (IGraphRuntime)(made.ImplementationFactory?.Invoke(provider)
                    ?? ActivatorUtilities.CreateInstance(provider, made.ImplementationType!)),
                server.DataDirectory, target)));
        }));

    /// <summary>Copies the disk whenever it looks at a graph.</summary>
    private sealed class CopyingRuntime(IGraphRuntime inner, string disk, string target) : IGraphRuntime
    {
        public string Provider => inner.Provider;

        public IDecoder LoadDecoder(DecoderSnapshot decoder) => inner.LoadDecoder(decoder);

        public IForwardGraph LoadForward(string graphPath) => inner.LoadForward(graphPath);

        public GraphSignature Inspect(string graphPath)
        {
            foreach (var file in Directory.GetFiles(disk, "*", SearchOption.AllDirectories))
            {
                // A start takes the lock anew.
                if (Path.GetFileName(file) != "server.lock")
                {
                    var copy = Path.Combine(target, Path.GetRelativePath(disk, file));
                    Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                    File.Copy(file, copy, overwrite: true);
                }
            }

            return inner.Inspect(graphPath);
        }
    }
}
