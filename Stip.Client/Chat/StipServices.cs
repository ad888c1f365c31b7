using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Stip.Client.Generation;

namespace Stip.Client.Chat;

/// <summary>Dependency injection of a protected model.</summary>
public static class StipServices
{
    /// <summary>Adds a protected model: <see cref="StipModel"/> and <see cref="IChatClient"/> as singletons. The
    /// bundle is opened at the first use, and everything is disposed with the container.</summary>
    /// <exception cref="InvalidOperationException">A model was added before: one container has one.</exception>
    public static IServiceCollection AddStip(this IServiceCollection services, StipOptions options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        if (services.Any(service => service.ServiceType == typeof(StipModel)))
        {
            throw new InvalidOperationException("AddStip was called before: a container has one protected model");
        }

        services.AddSingleton(_ => StipOpening.Open(options));
        services.AddSingleton(provider => provider.GetRequiredService<StipOpening>().Model);
        services.TryAddSingleton<IChatClient>(provider =>
            new StipChatClient(provider.GetRequiredService<StipModel>()));
        return services;
    }
}
