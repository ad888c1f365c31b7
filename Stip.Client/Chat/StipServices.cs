using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Stip.Client.Encoders;
using Stip.Client.Generation;

namespace Stip.Client.Chat;

/// <summary>Dependency injection of a protected model.</summary>
public static class StipServices
{
    /// <summary>Adds protected models as singletons: <see cref="StipModel"/> and <see cref="IChatClient"/> of a model
    /// that generates text, <see cref="StipEncoder"/> and <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> of
    /// string and float of an encoder. A bundle is opened at its first use, where one of the other kind is refused by a
    /// <see cref="Bundles.BundleException"/>; everything is disposed with the container.</summary>
    /// <exception cref="InvalidOperationException">A model was added before: one container has one.</exception>
    public static IServiceCollection AddStip(this IServiceCollection services, StipOptions options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        if (services.Any(service => service.ServiceType == typeof(StipModel)))
        {
            throw new InvalidOperationException("AddStip was called before: a container has one protected model");
        }

        services.AddSingleton(_ => new StipOpening(options));
        services.AddSingleton(provider => provider.GetRequiredService<StipOpening>().Model);
        services.AddSingleton(provider => provider.GetRequiredService<StipOpening>().Encoder);
        services.TryAddSingleton<IChatClient>(provider =>
            new StipChatClient(provider.GetRequiredService<StipModel>()));
        services.TryAddSingleton<IEmbeddingGenerator<string, Embedding<float>>>(provider =>
            new StipEmbeddingGenerator(provider.GetRequiredService<StipEncoder>()));
        return services;
    }
}
